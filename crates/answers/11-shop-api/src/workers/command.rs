//! `shop-workers`: the supervisor, and with `--work` one of its workers.

use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

use background_jobs::Settings as WorkSettings;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use evidence::cli::Extra;
use foundation::config::{Config, duration};
use foundation::module::StartFailure;
use foundation::telemetry;
use local_services::{Signal, send_signal};

use super::Policy;
use super::supervisor::{Settings, supervise};
use crate::command::exit;
use crate::payments::{self, Charger};

/// The subcommand.
pub static EXTRA: Extra = Extra { command, run };

#[derive(Args)]
struct WorkersArgs {
    /// Workers that are there when nothing is to be done
    #[arg(long, default_value_t = 1, value_name = "COUNT")]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=64))]
    min: u32,
    /// Workers that there are at most
    #[arg(long, default_value_t = 4, value_name = "COUNT")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=64))]
    max: u32,
    /// Jobs that one worker can have in front of it
    #[arg(long, default_value_t = 50, value_name = "COUNT")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    per_worker_depth: u64,
    /// Time between two looks at the queue
    #[arg(long, default_value = "500ms", value_parser = duration, value_name = "TIME")]
    every: Duration,
    /// How long a worker may take to go before it is killed; its jobs are then done by another
    #[arg(long, default_value = "15s", value_parser = duration, value_name = "TIME")]
    grace: Duration,
    /// Be one of the workers
    #[arg(long, hide = true)]
    work: bool,
    #[command(flatten)]
    config: Config,
}

fn command() -> Command {
    let about = "Charge for orders in processes of their own, as many as the queue needs";
    // Said last, as the settings bring a description of their own.
    WorkersArgs::augment_args(Command::new("shop-workers")).about(about).long_about(None)
}

fn run(matches: &ArgMatches) -> ExitCode {
    exit(start(matches))
}

fn start(matches: &ArgMatches) -> Result<(), StartFailure> {
    let arguments = WorkersArgs::from_arg_matches(matches)?;
    let config = &arguments.config;
    // Found out here, instead of by each worker again and again.
    let url = config.database_url.as_ref().ok_or("name the shop's database with DATABASE_URL")?;
    let charger = Charger::of(&config.shop);
    let charger = charger.ok_or("name the payment provider with SHOP_PAYMENT_URL")?;
    if arguments.work {
        telemetry::init(&config.log, config.log_format)?;
        return work(config, charger);
    }
    let WorkersArgs { min, max, per_worker_depth: per_worker, every, grace, .. } = arguments;
    if min > max {
        return Err("--min is more than --max".into());
    }
    let settings = Settings { policy: Policy { min, max, per_worker }, every, grace };
    actix_web::rt::System::new().block_on(supervise(url, settings))?;
    Ok(())
}

fn work(config: &Config, charger: Charger) -> Result<(), StartFailure> {
    std::thread::Builder::new().name("supervisor-watch".to_owned()).spawn(stop_with_supervisor)?;
    let settings = WorkSettings::default();
    background_jobs::work(config, settings, |workers| payments::register(workers, charger))?;
    Ok(())
}

/// Stops this process as soon as whoever started it is gone, killed or not: nobody is left who would.
fn stop_with_supervisor() {
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    let _ = send_signal(std::process::id(), Signal::Terminate);
}
