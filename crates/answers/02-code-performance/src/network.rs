//! A network in miniature: a proxy before PostgreSQL that holds back each request.
//!
//! On a local socket a statement costs some tens of microseconds, so N+1 looks free. Servers are
//! seldom that close: one millisecond is what two zones of a region are apart. Within one zone it is a
//! fraction of that, and N+1 hides better still.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use url::Url;

/// Why there is no network.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The database's address cannot be read.
    #[error("the URL of the database cannot be read: {0}")]
    Url(#[from] url::ParseError),
    /// No port could be had.
    #[error("the proxy before the database did not start: {0}")]
    Io(#[from] io::Error),
}

/// A way to a database that takes its time; it closes when dropped.
#[derive(Debug)]
pub struct Network {
    url: String,
    port: u16,
    traffic: Arc<Traffic>,
    closed: Arc<AtomicBool>,
}

/// What went over it.
#[derive(Debug, Default)]
struct Traffic {
    /// Atomic, as the proxy's threads count and the demo reads.
    round_trips: AtomicU64,
    received: AtomicU64,
}

/// Where PostgreSQL listens.
#[derive(Clone, Debug, PartialEq)]
enum Target {
    Tcp(String, u16),
    Socket(PathBuf),
}

impl Network {
    /// Opens a way to the database of this libpq URL, on which each request is `delay` late.
    /// Answers are not delayed: a round trip pays once, however large its answer is.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub fn open(database: &str, delay: Duration) -> Result<Self, NetworkError> {
        let target = Target::of(&Url::parse(database)?);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let traffic = Arc::new(Traffic::default());
        let closed = Arc::new(AtomicBool::new(false));
        let (counted, stop) = (Arc::clone(&traffic), Arc::clone(&closed));
        thread::Builder::new().name("network".to_owned()).spawn(move || {
            for client in listener.incoming().flatten() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                // A client whose way cannot be made sees its connection closed.
                let _ = connect(client, &target, delay, &counted);
            }
        })?;
        Ok(Self { url: rerouted(database, port), port, traffic, closed })
    }

    /// The URL of the database by this way.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Requests so far: what a client sent before it waited for an answer.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.traffic.round_trips.load(Ordering::SeqCst)
    }

    /// Bytes that came back so far.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.traffic.received.load(Ordering::SeqCst)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for clients; those that are connected end with their client.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl Target {
    /// As libpq reads it: members of the query go before those of the authority, and a host that
    /// begins with a slash is the folder of a socket (PostgreSQL manual, 34.1.1.2).
    fn of(url: &Url) -> Self {
        let query = |name: &str| {
            let pair = url.query_pairs().find(|(key, _)| key == name);
            pair.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
        };
        let port = query("port").and_then(|port| port.parse().ok()).or(url.port()).unwrap_or(5432);
        let authority = url.host_str().filter(|host| !host.is_empty()).map(str::to_owned);
        let host = query("hostaddr").or_else(|| query("host")).or(authority);
        match host {
            Some(folder) if folder.starts_with('/') => {
                Self::Socket(Path::new(&folder).join(format!(".s.PGSQL.{port}")))
            }
            Some(host) => Self::Tcp(host, port),
            None => Self::Tcp("localhost".to_owned(), port),
        }
    }

    fn connect(&self) -> io::Result<(Box<dyn Read + Send>, Box<dyn Write + Send>)> {
        match self {
            Self::Tcp(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port))?;
                stream.set_nodelay(true)?;
                Ok((Box::new(stream.try_clone()?), Box::new(stream)))
            }
            Self::Socket(path) => {
                let stream = UnixStream::connect(path)?;
                Ok((Box::new(stream.try_clone()?), Box::new(stream)))
            }
        }
    }
}

/// The same URL with another host and port; as text, since everything else has to stay as it is.
fn rerouted(database: &str, port: u16) -> String {
    let (base, query) = database.split_once('?').unwrap_or((database, ""));
    let replaced = ["host=", "hostaddr=", "port="];
    let kept = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !replaced.iter().any(|name| pair.starts_with(name)));
    let way = [format!("host={}", Ipv4Addr::LOCALHOST), format!("port={port}")];
    let pairs: Vec<&str> = kept.chain(way.iter().map(String::as_str)).collect();
    format!("{base}?{}", pairs.join("&"))
}

fn connect(
    client: TcpStream,
    target: &Target,
    delay: Duration,
    traffic: &Arc<Traffic>,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    let (from_server, to_server) = target.connect()?;
    let (from_client, to_client) = (client.try_clone()?, client);
    let (requests, answers) = (Arc::clone(traffic), Arc::clone(traffic));
    thread::spawn(move || carry_requests(from_client, to_server, delay, &requests));
    thread::spawn(move || carry_answers(from_server, to_client, &answers));
    Ok(())
}

fn carry_requests(
    mut client: TcpStream,
    mut server: Box<dyn Write + Send>,
    delay: Duration,
    traffic: &Traffic,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        traffic.round_trips.fetch_add(1, Ordering::SeqCst);
        thread::sleep(delay);
        if server.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
}

fn carry_answers(mut server: Box<dyn Read + Send>, mut client: TcpStream, traffic: &Traffic) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = server.read(&mut buffer) {
        // Before it is written, so that who has an answer finds it counted.
        traffic.received.fetch_add(length as u64, Ordering::SeqCst);
        if client.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // The server hung up, so the client has to learn of it; the other thread ends with this, too.
    let _ = client.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_the_one_that_libpq_would_take() {
        let socket = |path: &str| Target::Socket(PathBuf::from(path));
        let tcp = |host: &str, port| Target::Tcp(host.to_owned(), port);
        let cases = [
            ("postgres:///d?host=%2Frun%2Fpg&port=5432&user=p", socket("/run/pg/.s.PGSQL.5432")),
            ("postgres:///d?host=/run/pg&port=6", socket("/run/pg/.s.PGSQL.6")),
            ("postgres://u:p@127.0.0.1:6543/d", tcp("127.0.0.1", 6543)),
            ("postgres://u@db.example/d", tcp("db.example", 5432)),
            ("postgres://u@db.example:1/d?host=other&port=2", tcp("other", 2)),
            ("postgres:///d", tcp("localhost", 5432)),
        ];
        for (url, target) in cases {
            assert_eq!(Target::of(&Url::parse(url).unwrap()), target, "{url}");
        }
    }

    #[test]
    fn only_host_and_port_of_the_url_change() {
        let cases = [
            (
                "postgres:///d?host=%2Frun&port=5&user=p",
                "postgres:///d?user=p&host=127.0.0.1&port=9",
            ),
            ("postgres://u:p@h:1/d", "postgres://u:p@h:1/d?host=127.0.0.1&port=9"),
            (
                "postgres://h/d?options=-c%20jit%3Doff",
                "postgres://h/d?options=-c%20jit%3Doff&host=127.0.0.1&port=9",
            ),
        ];
        for (url, expected) in cases {
            assert_eq!(rerouted(url, 9), expected);
        }
    }
}
