//! Workers as a process of their own.

use foundation::backing::{Backing, BackingError};
use foundation::config::Config;
use foundation::metrics::Metrics;

use crate::workers::{KindTaken, Settings, StartError, Workers};

/// The process could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The database.
    #[error(transparent)]
    Backing(#[from] BackingError),
    /// Threads, or metrics.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Two handlers of one kind.
    #[error(transparent)]
    KindTaken(#[from] KindTaken),
    /// Metrics of the process.
    #[error("metrics cannot be made: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// Does jobs and nothing else until SIGTERM or Ctrl-C: for a subcommand such as `backend work`. It
/// finds the database as `serve` does, also the private one, and may be killed at any time.
///
/// What this process counts is in its log; depth, age and dead letters are also measured by every
/// server.
///
/// # Errors
/// See [`WorkError`].
pub fn work(
    config: &Config,
    settings: Settings,
    register: impl FnOnce(&Workers) -> Result<(), KindTaken>,
) -> Result<(), WorkError> {
    let backing = Backing::find_for(config)?;
    let settings = Settings { stop_on_signals: true, ..settings };
    let workers = Workers::start(backing.place(), settings, &Metrics::new()?)?;
    register(&workers)?;
    workers.join();
    Ok(())
}
