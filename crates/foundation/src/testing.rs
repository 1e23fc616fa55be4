//! A whole server for tests, with a database of its own and clients that play roles.

use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use clap::Parser;
use local_services::Purpose;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::Config;
use crate::database::Database;
use crate::http::{Mount, Parts, Server, StopHandle};
use crate::metrics::Metrics;
use crate::module::{Module, Starting};
use crate::scratch::Scratch;

/// Panics are right here: a test without its server has nothing left to say.
type Setup<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A server on a free port with a scratch database; stops and cleans up when dropped.
#[derive(Debug)]
pub struct TestApp {
    address: SocketAddr,
    stop: StopHandle,
    thread: Option<JoinHandle<()>>,
    /// The metrics of this server alone.
    pub metrics: Metrics,
    /// The database executor of this server.
    pub database: Database,
    /// The server's database; dropped last.
    pub scratch: Arc<Scratch>,
}

#[derive(Parser)]
struct Defaults {
    #[command(flatten)]
    config: Config,
}

/// The configuration of a server that nobody configured, plus `flags`.
///
/// # Panics
/// When a flag does not exist.
#[must_use]
pub fn config(flags: &[&str]) -> Config {
    let mut fixed = vec!["test", "--listen", "127.0.0.1:0", "--http-workers", "1"];
    // Many servers run side by side on one PostgreSQL, which has two hundred connections for all.
    fixed.extend(["--database-write-threads", "2"]);
    Defaults::parse_from(fixed.iter().chain(flags)).config
}

fn scratch() -> Arc<Scratch> {
    Arc::new(
        Scratch::create(Purpose::Test)
            .unwrap_or_else(|error| panic!("there is no database for the test: {error}")),
    )
}

impl TestApp {
    /// Starts a server with these routes.
    ///
    /// # Panics
    /// When it cannot be started; the message says why.
    #[must_use]
    pub fn start(routes: &[Mount]) -> Self {
        Self::start_with(routes, &[])
    }

    /// Starts a server with these routes and flags, such as `["--rate-limit", "3"]`.
    ///
    /// # Panics
    /// When it cannot be started; the message says why.
    #[must_use]
    pub fn start_with(routes: &[Mount], flags: &[&str]) -> Self {
        Self::started(Self::try_start(scratch(), routes, &[], &config(flags)))
    }

    /// Starts a server with these modules and flags, on a database of its own.
    ///
    /// # Panics
    /// When it cannot be started; the message says why.
    #[must_use]
    pub fn serving(modules: &[&Module], flags: &[&str]) -> Self {
        Self::serving_on(&scratch(), modules, flags)
    }

    /// The same on the database of another server, as a replica of it or after a restart.
    ///
    /// # Panics
    /// When it cannot be started; the message says why.
    #[must_use]
    pub fn serving_on(scratch: &Arc<Scratch>, modules: &[&Module], flags: &[&str]) -> Self {
        let routes: Vec<Mount> = modules.iter().map(|module| module.routes).collect();
        Self::started(Self::try_start(Arc::clone(scratch), &routes, modules, &config(flags)))
    }

    fn started(app: Setup<Self>) -> Self {
        app.unwrap_or_else(|error| panic!("the test server did not start: {error}"))
    }

    fn try_start(
        scratch: Arc<Scratch>,
        routes: &[Mount],
        modules: &[&Module],
        config: &Config,
    ) -> Setup<Self> {
        let metrics = Metrics::new()?;
        let mut connection = scratch.connect()?;
        let mut starting = Starting { config, metrics: &metrics, connection: &mut connection };
        let shares = Module::start_all(modules, &mut starting)?;
        let database = Database::open(&scratch.url(), &config.database, &metrics);
        let parts =
            Parts { shares, ..Parts::api(routes.to_vec(), database.clone(), metrics.clone()) };
        let server = Server::bind(config)?;
        let address = server.address()?;
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                if let Ok(running) = server.start(parts) {
                    let _ = tell.send(running.stop_handle());
                    let _ = running.until_stopped(|| {}).await;
                }
            });
        });
        let stop = told.recv()?;
        Ok(Self { address, stop, thread: Some(thread), metrics, database, scratch })
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What stops the server; dropping the app does so too.
    #[must_use]
    pub fn stop_handle(&self) -> StopHandle {
        self.stop.clone()
    }

    /// A client without credentials.
    #[must_use]
    pub fn anonymous(&self) -> Client {
        Client { address: self.address, token: None }
    }

    /// A client that presents this bearer token with each request.
    #[must_use]
    pub fn bearing(&self, token: impl Into<String>) -> Client {
        Client { address: self.address, token: Some(token.into()) }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let stop = self.stop.clone();
        let stopper = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(stop.stop());
        });
        let _ = stopper.join();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Somebody who calls the server.
#[derive(Clone, Debug)]
pub struct Client {
    address: SocketAddr,
    token: Option<String>,
}

/// What came back, whole.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status of the response.
    pub status: StatusCode,
    /// Headers of the response.
    pub headers: HeaderMap,
    /// Body of the response.
    pub text: String,
}

impl Client {
    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], None).await
    }

    /// POST of a JSON body.
    pub async fn post(&self, path: &str, body: &impl Serialize) -> Reply {
        self.json(Method::POST, path, body).await
    }

    /// Any method with a JSON body.
    ///
    /// # Panics
    /// When the body cannot be written as JSON.
    pub async fn json(&self, method: Method, path: &str, body: &impl Serialize) -> Reply {
        let text = serde_json::to_string(body)
            .unwrap_or_else(|error| panic!("the body is not JSON: {error}"));
        self.send(method, path, &[("content-type", "application/json")], Some(text.into_bytes()))
            .await
    }

    /// Any request at all.
    ///
    /// # Panics
    /// When no response arrives within 40 seconds.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Reply {
        let url = format!("http://{}{path}", self.address);
        let client = awc::Client::builder().timeout(Duration::from_secs(40)).finish();
        let mut request = client.request(method, &url);
        if let Some(token) = &self.token {
            request = request.insert_header((header::AUTHORIZATION, format!("Bearer {token}")));
        }
        for header in headers {
            request = request.insert_header(*header);
        }
        let sent = match body {
            Some(body) => request.send_body(body).await,
            None => request.send().await,
        };
        let mut response = sent.unwrap_or_else(|error| panic!("no response from {url}: {error}"));
        let bytes = response.body().limit(64 << 20).await.unwrap_or_default();
        Reply {
            status: response.status(),
            headers: response.headers().clone(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not; the message shows it.
    #[must_use]
    pub fn json(&self) -> Value {
        self.parse()
    }

    /// The body as a type.
    ///
    /// # Panics
    /// When it is not; the message shows it.
    #[must_use]
    pub fn parse<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in the body {:?}", self.text))
    }

    /// A header as text, empty where it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body, after making sure that this is a well-formed problem with this status.
    ///
    /// # Panics
    /// When it is anything else.
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), error_handling::MEDIA_TYPE, "{}", self.text);
        let body = self.json();
        assert_eq!(body["status"], status, "{body}");
        for member in ["type", "title", "detail", "instance", "request_id"] {
            assert!(body[member].is_string(), "{member} is missing in {body}");
        }
        assert_eq!(body["request_id"], self.header("x-request-id"), "{body}");
        body
    }
}
