//! Starts everything, says where it is, and stops it again.

mod database;
mod greeting;

use std::net::IpAddr;

use actix_web::rt::System;
use clap::Args;
use foundation::config::Config;
use foundation::database::Database;
use foundation::http::{Parts, ServeError, Server};
use foundation::metrics::Metrics;
use foundation::telemetry::{self, TelemetryError};

use crate::answers::{ANSWERS, JOBS, register_metrics, routes};
use crate::study::{DemoPolicy, Runs, Study};

pub(crate) use database::connect;
pub use database::{Backing, DatabaseError};

/// How to serve.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Everything that can be set
    #[command(flatten)]
    pub config: Config,

    /// Let anybody who can reach the pages run demos, also when listening beyond this machine
    #[arg(long, env = "ALLOW_DEMOS", value_parser = clap::builder::FalseyValueParser::new())]
    #[arg(help_heading = "Study pages")]
    pub allow_demos: bool,
}

/// Why the server did not start, or had to stop. Every message says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log filter, most likely.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The address, most likely.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Two metrics share a name.
    #[error("metrics cannot be registered: {0}")]
    Metrics(String),
}

/// Serves until SIGTERM or Ctrl-C; then finishes what is in flight, and stops what it started.
///
/// # Errors
/// See [`StartError`].
pub fn run(args: ServeArgs) -> Result<(), StartError> {
    let ServeArgs { mut config, allow_demos } = args;
    telemetry::init(&config.log, config.log_format)?;
    System::new().block_on(async {
        // The address comes first: a port in use should not cost the start of a database.
        let address = reserve(&mut config)?;
        let backing = Backing::find(config.database_url.clone())?;
        let metrics = metrics()?;
        register_metrics(&metrics);
        let database = Database::open(backing.url(), &config.database, &metrics);
        let runs = Runs::default();
        let policy = DemoPolicy::of(address, allow_demos);
        let parts = Parts {
            routes: routes(),
            pages: Study::new(ANSWERS, policy, runs.clone()).pages(),
            database: Some(database.clone()),
            metrics,
        };
        let server = Server::bind(&config, parts)?;
        let address = server.address().map_err(ServeError::Io)?;
        let running = server.start()?;
        JOBS.iter().for_each(|job| job.spawn(database.clone()));
        greeting::print(address, &backing, policy);
        close_on_signal(runs);
        running.until_stopped().await?;
        println!("{}", greeting::farewell(&backing));
        Ok(())
    })
}

/// Makes sure that the address can be had, and keeps it in the configuration; returns its host.
fn reserve(config: &mut Config) -> Result<IpAddr, StartError> {
    let nothing = Parts {
        routes: Vec::new(),
        pages: std::sync::Arc::new(|_| {}),
        database: None,
        metrics: metrics()?,
    };
    let address = Server::bind(config, nothing)?.address().map_err(ServeError::Io)?;
    config.listen = Some(address);
    Ok(address.ip())
}

fn metrics() -> Result<Metrics, StartError> {
    Metrics::new().map_err(|error| StartError::Metrics(error.to_string()))
}

/// Streams of events never end by themselves, and a server that stops waits for its responses.
fn close_on_signal(runs: Runs) {
    actix_web::rt::spawn(async move {
        told_to_stop().await;
        let _ = actix_web::web::block(move || runs.close()).await;
    });
}

/// SIGTERM or Ctrl-C; the server listens for them too, and both hear it.
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = signal(SignalKind::interrupt());
    let terminate = signal(SignalKind::terminate());
    let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
