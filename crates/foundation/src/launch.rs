//! From a configuration to a server that serves, and back down.

use std::net::SocketAddr;

use crate::backing::{Backing, BackingError};
use crate::config::Config;
use crate::database::Database;
use crate::http::{Mount, MountPages, Parts, ServeError, Server};
use crate::jobs::Job;
use crate::metrics::Metrics;

/// What a server offers.
pub struct Service {
    /// The API of each answer.
    pub routes: Vec<Mount>,
    /// Pages beside the API.
    pub pages: MountPages,
    /// Work that runs at start and at intervals.
    pub jobs: Vec<&'static Job>,
    /// Called when the server is told to stop, before it waits for requests in flight.
    pub on_signal: Box<dyn FnOnce() + Send>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("jobs", &self.jobs).finish_non_exhaustive()
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
    /// Two metrics of one name.
    #[error("metrics cannot be registered: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// Starts everything, calls `started`, and serves until SIGTERM or Ctrl-C. Returns the database it
/// stood on, which goes down with that value if it was a private one.
///
/// # Errors
/// See [`LaunchError`].
pub fn serve(
    config: &Config,
    assemble: impl FnOnce(SocketAddr, &Metrics) -> Service,
    started: impl FnOnce(SocketAddr, &Backing),
) -> Result<Backing, LaunchError> {
    actix_web::rt::System::new().block_on(async {
        // The address comes first: a port in use should not cost the start of a database.
        let server = Server::bind(config)?;
        let address = server.address().map_err(ServeError::Io)?;
        let backing = Backing::find(config.database_url.clone())?;
        let metrics = Metrics::new()?;
        let Service { routes, pages, jobs, on_signal } = assemble(address, &metrics);
        let database = Database::open(backing.url(), &config.database, &metrics);
        let parts = Parts { routes, pages, database: Some(database.clone()), metrics };
        let running = server.start(parts)?;
        for job in jobs {
            job.spawn(database.clone());
        }
        started(address, &backing);
        running.until_stopped(on_signal).await?;
        Ok(backing)
    })
}
