//! What the queue does on this machine: `measure` (the default), or `work`, a process that does jobs.

use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use background_jobs::{Attempt, Failure, Kind, Options, Settings, Workers, enqueue};
use clap::{Parser, Subcommand};
use diesel::prelude::*;
use foundation::metrics::Metrics;
use foundation::scratch::{Scratch, number};
use local_services::Purpose;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Work that takes so long.
#[derive(Serialize, Deserialize)]
struct Pause {
    milliseconds: u64,
}

static PAUSE: Kind<Pause> = Kind::new("pause").at_once(64).leased_for(Duration::from_secs(1));

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// A job queue in PostgreSQL, on its own.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Jobs per second, and how soon one begins, on a database of its own
    Measure {
        /// Jobs that do nothing
        #[arg(long, default_value_t = 20_000)]
        jobs: usize,
    },
    /// Do jobs of kind `pause` until SIGTERM, telling of each on standard output
    Work {
        /// PostgreSQL to work on, as postgres://user:password@host/name
        #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
        database_url: SecretString,
    },
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        None => measure(20_000),
        Some(Command::Measure { jobs }) => measure(jobs),
        Some(Command::Work { database_url }) => work(&database_url),
    };
    outcome.map_or_else(
        |error| {
            eprintln!("{error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

async fn pause(attempt: Attempt<Pause>) -> Result<(), Failure> {
    println!("begins {}", attempt.id());
    tokio::time::sleep(Duration::from_millis(attempt.payload.milliseconds)).await;
    println!("ends {}", attempt.id());
    Ok(())
}

fn work(url: &SecretString) -> Result<(), Failed> {
    let settings = Settings { stop_on_signals: true, ..Settings::default() };
    let workers = Workers::start(url, settings, &Metrics::new()?)?;
    workers.register(&PAUSE, pause)?;
    workers.join();
    Ok(())
}

fn measure(jobs: usize) -> Result<(), Failed> {
    let scratch = Scratch::create(Purpose::Demo)?;
    let mut connection = scratch.connect()?;
    let began = Instant::now();
    for _ in 0..jobs.div_ceil(100) {
        connection
            .transaction(|connection| (0..100).try_for_each(|_| nothing_to_do(connection)))?;
    }
    tell("enqueued, a hundred to a commit", jobs, began.elapsed());

    let workers = Workers::start(&scratch.url(), Settings::default(), &Metrics::new()?)?;
    let (tell_begin, begins) = channel();
    let began = Instant::now();
    workers.register(&PAUSE, move |_: Attempt<Pause>| {
        let _ = tell_begin.send(Instant::now());
        std::future::ready(Ok(()))
    })?;
    while number(&mut connection, "SELECT count(*) FROM background_jobs")? > 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    tell("done, 64 at once", jobs, began.elapsed());

    begins.try_iter().for_each(drop);
    let polled = latencies(&mut connection, &begins, || {})?;
    let woken = latencies(&mut connection, &begins, || workers.wake())?;
    println!("begins after its commit: {polled:?} polled, {woken:?} woken (median of 20)");
    Ok(())
}

fn nothing_to_do(connection: &mut PgConnection) -> QueryResult<()> {
    enqueue(connection, &PAUSE, &Pause { milliseconds: 0 }, &Options::default()).map(drop)
}

fn tell(what: &str, jobs: usize, took: Duration) {
    println!("{jobs} jobs {what}: {:.0} per second", jobs as f64 / took.as_secs_f64());
}

/// How soon a job begins when the workers are idle.
fn latencies(
    connection: &mut PgConnection,
    begins: &Receiver<Instant>,
    after_commit: impl Fn(),
) -> Result<Duration, Failed> {
    let mut waits = Vec::new();
    for _ in 0..20 {
        nothing_to_do(connection)?;
        let committed = Instant::now();
        after_commit();
        let begin = begins.recv_timeout(Duration::from_secs(10))?;
        waits.push(begin.saturating_duration_since(committed));
    }
    waits.sort_unstable();
    Ok(waits[waits.len() / 2])
}
