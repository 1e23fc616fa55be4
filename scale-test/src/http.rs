//! Requests, each on a connection of its own, so that none is late because of one that died.

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use actix_web::http::{Method, header::HeaderMap};
use actix_web::rt::{System, SystemRunner};
use futures_util::future::join_all;
use serde_json::Value;

use crate::Outcome;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    method: Method,
    url: String,
    token: Option<String>,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
    from: Option<IpAddr>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// 0 where there was no response.
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Null where it is not JSON.
    pub(crate) body: Value,
}

impl Ask {
    fn new(method: Method, base: &str, path: &str) -> Self {
        let url = format!("{base}{path}");
        Self { method, url, token: None, headers: Vec::new(), body: None, from: None }
    }

    pub(crate) fn get(base: &str, path: &str) -> Self {
        Self::new(Method::GET, base, path)
    }

    pub(crate) fn post(base: &str, path: &str, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::POST, base, path) }
    }

    /// At another path of the same server.
    pub(crate) fn at(self, path: &str, other: &str) -> Self {
        Self { url: self.url.replace(path, other), ..self }
    }

    /// With an access token.
    pub(crate) fn by(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    /// With one header more.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With an idempotency key.
    pub(crate) fn once(self, key: &str) -> Self {
        self.with("idempotency-key", format!("\"{key}\""))
    }

    /// From another address of this machine.
    pub(crate) fn from(self, address: IpAddr) -> Self {
        Self { from: Some(address), ..self }
    }

    /// Sends it by a client of the caller's, inside its runtime.
    pub(crate) async fn send(&self, client: &awc::Client) -> Reply {
        let mut request = client.request(self.method.clone(), &self.url).timeout(PATIENCE);
        if let Some(token) = &self.token {
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        for (name, value) in &self.headers {
            request = request.insert_header((*name, value.as_str()));
        }
        let sent = match &self.body {
            Some(body) => request.send_json(body).await,
            None => request.send().await,
        };
        let Ok(mut response) = sent else { return Reply::none() };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        match response.body().limit(16 << 20).await {
            Ok(body) => {
                Reply { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
            }
            // Cut off in the middle: nobody can do anything with it.
            Err(_) => Reply::none(),
        }
    }
}

impl Reply {
    fn none() -> Self {
        Self { status: 0, headers: HeaderMap::new(), body: Value::Null }
    }

    /// The text of a member.
    pub(crate) fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_default().to_owned()
    }

    /// The error that names what was expected.
    pub(crate) fn expect(self, status: u16, what: &str) -> Outcome<Self> {
        if self.status == status {
            return Ok(self);
        }
        Err(format!("{what}: expected {status}, got {}: {}", self.status, self.body).into())
    }
}

/// Asks from a thread that may wait.
pub(crate) struct Http(SystemRunner);

impl Http {
    pub(crate) fn new() -> Self {
        Self(System::new())
    }

    pub(crate) fn ask(&self, ask: &Ask) -> Reply {
        self.0.block_on(ask.send(&client(ask.from)))
    }

    /// All at the same time.
    pub(crate) fn ask_at_once(&self, asks: &[Ask]) -> Vec<Reply> {
        self.0.block_on(join_all(asks.iter().map(|ask| async {
            let client = client(ask.from);
            ask.send(&client).await
        })))
    }
}

/// A client that keeps its connections.
pub(crate) fn client(from: Option<IpAddr>) -> awc::Client {
    // awc's own limit on the time would be five seconds.
    let builder = awc::Client::builder().timeout(PATIENCE).disable_redirects();
    match from {
        Some(address) => builder.local_address(address).finish(),
        None => builder.finish(),
    }
}

/// A port that nobody listens on at this moment.
pub(crate) fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

/// The status that a server gives to a GET; asks without a runtime, for waiting loops.
pub(crate) fn status(address: SocketAddr, path: &str) -> Option<u16> {
    let head = read_head(address, path).ok()?;
    head.split_whitespace().nth(1)?.parse().ok()
}

fn read_head(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut head = String::new();
    BufReader::new(stream).read_line(&mut head)?;
    Ok(head)
}

/// The text that a server gives to a GET, such as its metrics.
pub(crate) fn text(address: SocketAddr, path: &str) -> Outcome<String> {
    use std::io::Read;
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The sum of a metric over all its labels, or of the labels that are named with it.
pub(crate) fn metric(address: SocketAddr, name: &str) -> Outcome<f64> {
    let answer = text(address, "/metrics")?;
    let samples = answer.lines().filter(|line| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ', ',']))
    });
    Ok(samples.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum())
}
