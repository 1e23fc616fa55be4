//! Starts everything, says where it is, and stops it again.

mod greeting;

use std::path::PathBuf;

use clap::Args;
use foundation::config::Config;
use foundation::launch::{self, LaunchError, Service};
use foundation::telemetry::{self, TelemetryError};

use crate::answers::{ANSWERS, MODULES};
use crate::study::{DemoPolicy, Runs, Study};

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
    /// Address, database or metrics.
    #[error(transparent)]
    Launch(#[from] LaunchError),
}

/// Serves until SIGTERM or Ctrl-C; then finishes what is in flight, and stops what it started.
///
/// # Errors
/// See [`StartError`].
pub fn run(args: &ServeArgs) -> Result<(), StartError> {
    let ServeArgs { config, allow_demos } = args;
    telemetry::init(&config.log, config.log_format)?;
    let runs = Runs::kept_in(kept_runs(), ANSWERS);
    let backing = launch::serve(
        config,
        |address| {
            let policy = DemoPolicy::of(address.ip(), *allow_demos);
            Service {
                modules: MODULES.to_vec(),
                pages: Study::new(ANSWERS, policy, runs.clone()).pages(),
                // Streams of events never end by themselves, and a server that stops waits for them.
                on_signal: Box::new(move || runs.close()),
            }
        },
        |address, backing| {
            greeting::print(address, backing, DemoPolicy::of(address.ip(), *allow_demos));
        },
    )?;
    println!("{}", greeting::farewell(&backing));
    Ok(())
}

/// Where the last run of each answer is kept, beside the private services.
fn kept_runs() -> PathBuf {
    local_services::project_root().unwrap_or_default().join(".local").join("runs")
}
