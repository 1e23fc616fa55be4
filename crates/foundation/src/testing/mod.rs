//! A whole server for tests, with a database of its own and clients that play roles.

mod client;
mod outsider;
mod redis;

use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use clap::Parser;
use diesel::RunQueryDsl;
use local_services::Purpose;

use crate::config::{Config, Pooler};
use crate::database::{Database, check_pooler};
use crate::http::{Mount, Parts, Running, Server, StopHandle};
use crate::launch::open_database;
use crate::metrics::Metrics;
use crate::module::{Module, Start, Starting};
use crate::redis::Redis;
use crate::scratch::{Scratch, number};

pub use self::client::{Client, Reply};
pub use self::outsider::{Ends, Outsider};
pub use self::redis::{TestRedis, shared_redis, shared_redis_url};

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
    /// The Redis of this server, where it has one.
    pub redis: Option<Redis>,
    /// The server's database; dropped last.
    pub scratch: Arc<Scratch>,
}

// A flag of a test replaces the default of all tests.
#[derive(Parser)]
#[command(args_override_self = true)]
struct Defaults {
    #[command(flatten)]
    config: Config,
}

/// Rows of a table.
///
/// # Panics
/// When the database refuses.
#[must_use]
pub fn count(scratch: &Scratch, table: &str) -> i64 {
    let rows = scratch
        .connect()
        .map_err(|error| error.to_string())
        .and_then(|mut connection| {
            number(&mut connection, &format!("SELECT count(*) FROM {table}"))
                .map_err(|error| error.to_string())
        })
        .unwrap_or_else(|error| panic!("{table} cannot be counted: {error}"));
    rows.cast_signed()
}

/// Executes a statement; returns the rows it touched.
///
/// # Panics
/// When the database refuses.
#[allow(clippy::must_use_candidate)] // Most statements are executed for what they do.
pub fn execute(scratch: &Scratch, statement: &str) -> usize {
    scratch
        .connect()
        .map_err(|error| error.to_string())
        .and_then(|mut connection| {
            diesel::sql_query(statement).execute(&mut connection).map_err(|error| error.to_string())
        })
        .unwrap_or_else(|error| panic!("{statement}: {error}"))
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
    // A machine that runs all tests at once makes answers late; tests of the bound set their own.
    fixed.extend(["--redis-wait", "1s"]);
    let mut config = Defaults::parse_from(fixed.iter().chain(flags)).config;
    if !flags.contains(&"--redis-url") {
        // What the environment names is for servers: a test says itself whether it has a Redis.
        config.redis.redis_url = None;
    }
    config
}

/// What a server would be told to find this database.
fn placed(config: Config, scratch: &Scratch) -> Config {
    let place = scratch.place();
    let mut reach = config.reach.clone();
    reach.replica_url = reach.replica_url.or_else(|| scratch.replica_url());
    if place.is_pooled() {
        reach.database_pooler = Pooler::Transaction;
        reach.direct_database_url = Some(place.session().clone());
    }
    Config { database_url: Some(place.url().clone()), reach, ..config }
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
        Self::started(Self::try_start(&scratch(), routes.to_vec(), &[], config(flags)))
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
        Self::serving_with(scratch, modules, flags, None)
    }

    /// The same with a Redis. Servers on one database share their keys in it, others do not.
    ///
    /// # Panics
    /// When it cannot be started; the message says why.
    #[must_use]
    pub fn serving_with(
        scratch: &Arc<Scratch>,
        modules: &[&Module],
        flags: &[&str],
        redis: Option<&TestRedis>,
    ) -> Self {
        let routes: Vec<Mount> = modules.iter().map(|module| module.routes).collect();
        let mut config = config(flags);
        if let Some(redis) = redis {
            config.redis.redis_url = Some(redis.url());
        }
        Self::started(Self::try_start(scratch, routes, modules, config))
    }

    fn started(app: Setup<Self>) -> Self {
        app.unwrap_or_else(|error| panic!("the test server did not start: {error}"))
    }

    /// On a thread of its own from the beginning, so that a test which blocks stops no task.
    fn try_start(
        scratch: &Arc<Scratch>,
        routes: Vec<Mount>,
        modules: &[&Module],
        config: Config,
    ) -> Setup<Self> {
        let starts: Vec<Start> = modules.iter().map(|module| module.start).collect();
        let scratch = Arc::clone(scratch);
        let config = placed(config, &scratch);
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let (app, running) = match Self::launch(scratch, routes, &starts, &config).await {
                    Ok((app, running)) => (Ok(app), Some(running)),
                    Err(error) => (Err(error), None),
                };
                let _ = tell.send(app);
                if let Some(running) = running {
                    let _ = running.until_stopped(|| {}).await;
                }
            });
        });
        let mut app = told.recv()??;
        app.thread = Some(thread);
        Ok(app)
    }

    async fn launch(
        scratch: Arc<Scratch>,
        routes: Vec<Mount>,
        starts: &[Start],
        config: &Config,
    ) -> Setup<(Self, Running)> {
        let metrics = Metrics::new()?;
        scratch.bound(&config.database)?;
        check_pooler(&scratch.place(), &config.database)?;
        let mut connection = scratch.connect()?;
        let redis = match &config.redis.redis_url {
            Some(url) => {
                let wait = config.redis.redis_wait;
                let redis = Redis::open_for(&mut connection, url, wait, &metrics)?;
                redis.settled().await;
                Some(redis)
            }
            None => None,
        };
        let mut starting = Starting::new(config, &metrics, &mut connection, redis.as_ref());
        let shares = Module::start_each(starts.iter().copied(), &mut starting)?;
        let database = open_database(&scratch.place(), config, redis.as_ref(), &metrics)?;
        let parts = Parts { shares, ..Parts::api(routes, database.clone(), metrics.clone()) };
        let server = Server::bind(config)?;
        let address = server.address()?;
        let running = server.with_redis(redis.clone()).start(parts)?;
        let stop = running.stop_handle();
        let app = Self { address, stop, thread: None, metrics, database, redis, scratch };
        Ok((app, running))
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
