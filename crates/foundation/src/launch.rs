//! From a configuration to a server that serves, and back down.

use std::net::SocketAddr;

use diesel::PgConnection;

use crate::backing::{Backing, BackingError};
use crate::config::Config;
use crate::database::{Database, Place, ReplicaError, ReplicaSettings};
use crate::descriptors;
use crate::http::{MountPages, Parts, ServeError, Server};
use crate::metrics::Metrics;
use crate::module::{Module, Share, StartFailure, Starting};
use crate::redis::{Redis, RedisError};

/// What a server offers.
pub struct Service {
    /// The API of each answer.
    pub modules: Vec<&'static Module>,
    /// Pages beside the API.
    pub pages: MountPages,
    /// Called when the server is told to stop, before it waits for requests in flight.
    pub on_signal: Box<dyn FnOnce() + Send>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("modules", &self.modules).finish_non_exhaustive()
    }
}

/// The server could not be started. Every message says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The address, most likely.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The database.
    #[error(transparent)]
    Backing(#[from] BackingError),
    /// The URL of Redis, most likely; never that it is down.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// The replica; never that it is down.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
    /// Two metrics of one name.
    #[error("metrics cannot be registered: {0}")]
    Metrics(#[from] prometheus::Error),
    /// Part of an answer, such as its keys.
    #[error("{0}")]
    Module(StartFailure),
}

/// Starts everything, calls `started`, and serves until SIGTERM or Ctrl-C. Returns the database it
/// stood on, which goes down with that value if it was a private one.
///
/// # Errors
/// See [`LaunchError`].
pub fn serve(
    config: &Config,
    assemble: impl FnOnce(SocketAddr) -> Service,
    started: impl FnOnce(SocketAddr, &Backing),
) -> Result<Backing, LaunchError> {
    descriptors::make_room();
    actix_web::rt::System::new().block_on(async {
        // The address comes first: a port in use should not cost the start of a database.
        let server = Server::bind(config)?;
        let address = server.address().map_err(ServeError::Io)?;
        let backing = Backing::find_for(config)?.with_redis(config.redis.redis_url.clone());
        let metrics = Metrics::new()?;
        let Service { modules, pages, on_signal } = assemble(address);
        let (redis, shares) = start_modules(&modules, &backing, config, &metrics).await?;
        let database = open_database(backing.place(), config, redis.as_ref(), &metrics)?;
        let routes = modules.iter().map(|module| module.routes).collect();
        let parts = Parts { routes, pages, database: Some(database.clone()), metrics, shares };
        let running = server.with_redis(redis).start(parts)?;
        for job in modules.iter().flat_map(|module| module.jobs) {
            job.spawn(database.clone());
        }
        started(address, &backing);
        running.until_stopped(on_signal).await?;
        Ok(backing)
    })
}

/// On a connection of their own, which is given back before the server serves.
async fn start_modules(
    modules: &[&'static Module],
    backing: &Backing,
    config: &Config,
    metrics: &Metrics,
) -> Result<(Option<Redis>, Vec<Share>), LaunchError> {
    let mut connection = backing.connect()?;
    let redis = open_redis(backing, &mut connection, config, metrics).await?;
    // Modules that make connections of their own find the database here, also a private one.
    let found = Config { database_url: Some(backing.url().clone()), ..config.clone() };
    let mut starting = Starting::new(&found, metrics, &mut connection, redis.as_ref());
    let shares = Module::start_all(modules, &mut starting).map_err(LaunchError::Module)?;
    Ok((redis, shares))
}

/// The database with its replica, where one is named.
pub(crate) fn open_database(
    place: &Place,
    config: &Config,
    redis: Option<&Redis>,
    metrics: &Metrics,
) -> Result<Database, ReplicaError> {
    let database = Database::open(place, &config.database, metrics);
    let Some(url) = &config.reach.replica_url else { return Ok(database) };
    let settings = ReplicaSettings { url, lag: config.reach.replica_lag, redis };
    database.with_replica(place, &settings, &config.database, metrics)
}

/// The first requests should find it connected, so this waits for the outcome, not for success.
async fn open_redis(
    backing: &Backing,
    connection: &mut PgConnection,
    config: &Config,
    metrics: &Metrics,
) -> Result<Option<Redis>, RedisError> {
    let Some(url) = backing.redis_url() else { return Ok(None) };
    let redis = Redis::open_for(connection, url, config.redis.redis_wait, metrics)?;
    redis.settled().await;
    Ok(Some(redis))
}
