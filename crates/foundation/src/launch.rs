//! From a configuration to a server that serves, and back down.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use diesel::{Connection, PgConnection};
use local_services::{Postgres, Purpose};
use secrecy::{ExposeSecret, SecretString};

use crate::config::Config;
use crate::database::Database;
use crate::http::{Mount, MountPages, Parts, ServeError, Server};
use crate::jobs::Job;
use crate::metrics::Metrics;
use crate::migrate::{MigrationError, migrate};

/// What a server offers.
#[derive(Clone)]
pub struct Service {
    /// The API of each answer.
    pub routes: Vec<Mount>,
    /// Pages beside the API.
    pub pages: MountPages,
    /// Work that runs at start and at intervals.
    pub jobs: Vec<&'static Job>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("jobs", &self.jobs).finish_non_exhaustive()
    }
}

/// What was started, for the person who started it.
#[derive(Debug)]
pub struct Started {
    /// Where the server listens.
    pub address: SocketAddr,
    /// Folder and version of the private PostgreSQL; none when `DATABASE_URL` names another.
    pub private_postgres: Option<(PathBuf, String)>,
    /// Migrations that were applied.
    pub migrations: usize,
}

/// The server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The private PostgreSQL.
    #[error(transparent)]
    Services(#[from] local_services::Error),
    /// The PostgreSQL that `DATABASE_URL` names. The reason is left out: it repeats the URL's parts.
    #[error(
        "cannot connect to the PostgreSQL of DATABASE_URL: is it running, and are host, port, \
             name, user and password right? Without DATABASE_URL a private one is started"
    )]
    Unreachable,
    /// The schema.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The socket.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Two metrics of one name.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// A database server that is held for as long as it is needed.
struct Held {
    url: SecretString,
    private: Option<Postgres>,
}

/// Starts everything, calls `started`, and serves until SIGTERM or Ctrl-C.
///
/// # Errors
/// See [`LaunchError`]; each names the next step.
pub fn serve(
    config: &Config,
    service: Service,
    started: impl FnOnce(&Started),
) -> Result<(), LaunchError> {
    let held = hold_database(config.database_url.as_ref())?;
    let migrations = bring_up_to_date(&held)?;
    actix_web::rt::System::new().block_on(async {
        let metrics = Metrics::new()?;
        let database = Database::open(&held.url, &config.database, &metrics);
        let Service { routes, pages, jobs } = service;
        let parts = Parts { routes, pages, database: Some(database.clone()), metrics };
        let server = Server::bind(config, parts)?;
        let address = server.address().map_err(ServeError::Io)?;
        let running = server.start()?;
        for job in jobs {
            job.spawn(database.clone());
        }
        let private_postgres = held.private.as_ref().map(describe);
        started(&Started { address, private_postgres, migrations });
        Ok(running.until_stopped().await?)
    })
}

/// Runs one job now, on the database that the server would use.
///
/// # Errors
/// See [`LaunchError`], and whatever the job returns.
pub fn run_job(
    config: &Config,
    job: &Job,
    dry_run: bool,
) -> Result<Option<Vec<String>>, Box<dyn std::error::Error>> {
    let held = hold_database(config.database_url.as_ref())?;
    bring_up_to_date(&held)?;
    let mut connection = connect(&held)?;
    Ok(job.run_locked(&mut connection, dry_run)?)
}

fn hold_database(url: Option<&SecretString>) -> Result<Held, LaunchError> {
    if let Some(url) = url {
        return Ok(Held { url: url.clone(), private: None });
    }
    let private = Postgres::acquire(&local_services::project_root()?, Purpose::Serve)?;
    Ok(Held { url: SecretString::from(private.url().to_owned()), private: Some(private) })
}

fn connect(held: &Held) -> Result<PgConnection, LaunchError> {
    PgConnection::establish(held.url.expose_secret()).map_err(|_| LaunchError::Unreachable)
}

fn bring_up_to_date(held: &Held) -> Result<usize, LaunchError> {
    Ok(migrate(&mut connect(held)?)?)
}

fn describe(postgres: &Postgres) -> (PathBuf, String) {
    let data: &Path = postgres.data_dir();
    (data.to_path_buf(), postgres.version().to_string())
}
