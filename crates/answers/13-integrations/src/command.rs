//! Processes of their own, which the crash test starts and kills: `worker`, `carrier`, `warehouse`.
//! The partners are left out of `--help`; the worker is of use beside servers, too.

use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use error_handling::Retry;
use evidence::cli::Extra;
use foundation::backing::connect;
use foundation::config::{SessionUrl, duration};
use foundation::metrics::Metrics;
use foundation::module::StartFailure;
use foundation::redis::Redis;
use foundation::signature::Secret;
use ipnet::IpNet;
use secrecy::SecretString;
use web_security::{Outbound, OutboundSettings};

use crate::breaker::BreakerMetrics;
use crate::delivery::DeliverySettings;
use crate::outside::{Carrier, Warehouse};
use crate::state::{DELIVER_WITHIN, work};
use crate::stream::Stream;
use crate::worker::Pace;

/// All of them.
pub static EXTRAS: [Extra; 3] = [
    Extra { command: worker_command, run: |matches| exit(worker(matches)) },
    Extra { command: carrier_command, run: |matches| exit(carrier(matches)) },
    Extra { command: warehouse_command, run: |matches| exit(warehouse(matches)) },
];

#[derive(Args)]
struct WorkerArgs {
    /// The outbox
    #[command(flatten)]
    database: SessionUrl,
    /// Redis to hear from; without it the outbox is looked through now and then
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL")]
    redis_url: Option<SecretString>,
    /// Networks that may be called although they are private
    #[arg(long, env = "OUTBOUND_ALLOW", value_delimiter = ',', value_name = "NETWORK")]
    outbound_allow: Vec<IpNet>,
    /// Attempts until an event is a dead letter
    #[arg(long, default_value_t = DeliverySettings::default().retry.attempts, value_name = "COUNT")]
    attempts: u32,
    /// Longest wait before the second attempt
    #[arg(long, default_value = "2s", value_parser = duration, value_name = "TIME")]
    retry_base: Duration,
    /// Longest wait before any attempt
    #[arg(long, default_value = "3h", value_parser = duration, value_name = "TIME")]
    retry_cap: Duration,
    /// Time for one attempt after which this worker is taken for dead
    #[arg(long, default_value = "8s", value_parser = duration, value_name = "TIME")]
    lease: Duration,
}

fn worker_command() -> Command {
    let about = "Deliver webhooks in a process of its own, beside those of servers";
    WorkerArgs::augment_args(Command::new("worker").about(about))
}

fn worker(matches: &ArgMatches) -> Result<(), StartFailure> {
    let arguments = WorkerArgs::from_arg_matches(matches)?;
    let metrics = Metrics::new()?;
    let url = arguments.database.url().ok_or("DATABASE_URL names no PostgreSQL")?;
    let mut connection = connect(url, Duration::from_secs(10))?;
    let wait = Duration::from_millis(250);
    let redis = arguments.redis_url.as_ref();
    let redis =
        redis.map(|url| Redis::open_for(&mut connection, url, wait, &metrics)).transpose()?;
    let outbound = Outbound::new(OutboundSettings {
        allow: arguments.outbound_allow,
        timeout: DELIVER_WITHIN,
        ..OutboundSettings::default()
    });
    let settings = DeliverySettings {
        retry: Retry {
            attempts: arguments.attempts,
            base: arguments.retry_base,
            cap: arguments.retry_cap,
        },
        lease: arguments.lease,
    };
    let stream = redis.as_ref().map(Stream::new);
    let breakers = BreakerMetrics::register(&metrics)?;
    let _worker = work(url, outbound, breakers, stream, settings, Pace::default())?;
    ready("")?;
    actix_web::rt::System::new().block_on(tokio::signal::ctrl_c())?;
    Ok(())
}

#[derive(Args)]
struct CarrierArgs {
    #[arg(long)]
    listen: std::net::SocketAddr,
    #[arg(long)]
    secret: String,
    #[arg(long)]
    journal: PathBuf,
}

fn carrier_command() -> Command {
    let about = "Be a partner that webhooks are sent to";
    CarrierArgs::augment_args(Command::new("carrier").about(about).hide(true))
}

fn carrier(matches: &ArgMatches) -> Result<(), StartFailure> {
    let arguments = CarrierArgs::from_arg_matches(matches)?;
    let secret = Secret::parse(&arguments.secret).ok_or("this is no secret")?;
    let listener = TcpListener::bind(arguments.listen)?;
    let carrier = Carrier::listen(listener, secret, Some(&arguments.journal))?;
    ready(&carrier.url())?;
    carrier.join();
    Ok(())
}

fn warehouse_command() -> Command {
    let needed = |name: &'static str| Arg::new(name).long(name).required(true);
    Command::new("warehouse")
        .about("Be a partner that sends webhooks")
        .hide(true)
        .args(["inbox", "secret"].map(needed))
        .arg(needed("events").value_parser(clap::value_parser!(u64)))
        .arg(needed("pages").value_parser(clap::value_parser!(i64)))
}

fn warehouse(matches: &ArgMatches) -> Result<(), StartFailure> {
    let text = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
    let secret = Secret::parse(&text("secret")).ok_or("this is no secret")?;
    let warehouse = Warehouse { inbox: text("inbox"), secret };
    let events = matches.get_one::<u64>("events").copied().unwrap_or_default();
    let pages = matches.get_one::<i64>("pages").copied().unwrap_or(1).max(1);
    ready("")?;
    actix_web::rt::System::new().block_on(warehouse.tell_all(events, pages));
    Ok(())
}

/// Tells whoever started the process that it works now.
fn ready(what: &str) -> std::io::Result<()> {
    println!("ready {what}");
    std::io::stdout().flush()
}

fn exit(outcome: Result<(), StartFailure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
