//! Runs a command with a private PostgreSQL and Redis; shows, stops and deletes them.

use std::ffi::OsString;
use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use local_services::{Purpose, project_root, reset, status, stop, would_delete};

mod run;

/// A private PostgreSQL and Redis for this project, from the machine's own binaries.
///
/// Data are kept in .local/ of the project (set SHOW_YOUR_WORK_HOME for another folder) and are
/// separate for each purpose. No other PostgreSQL or Redis on this machine is ever touched.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Start the services, run a command with DATABASE_URL and REDIS_URL, then let go of them.
    ///
    /// A variable that is set already is respected: nothing of that kind is started. Bare `psql`
    /// works too (PGHOST, PGUSER and PGDATABASE are set). The exit code is the command's.
    Run {
        /// Durable data to keep (serve), or fast expendable ones (test, demo).
        #[arg(long, value_enum, default_value = "test")]
        purpose: Purpose,
        /// Start Redis as well.
        #[arg(long)]
        with_redis: bool,
        /// The command and its arguments, after `--`.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
    /// Show which services of this project run, and where.
    Status,
    /// Stop the services of this project, even if others use them.
    Stop {
        /// Only those of one purpose.
        #[arg(long, value_enum)]
        purpose: Option<Purpose>,
    },
    /// Stop the services and delete this project's private data. Asks first.
    Reset {
        /// Only those of one purpose.
        #[arg(long, value_enum)]
        purpose: Option<Purpose>,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Run { purpose, with_redis, command } => run::run(purpose, with_redis, &command),
        Task::Status => show_status(),
        Task::Stop { purpose } => stop_services(purpose),
        Task::Reset { purpose, yes } => reset_data(purpose, yes),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("local-services: {error}");
        ExitCode::FAILURE
    })
}

fn show_status() -> Outcome {
    let root = project_root()?;
    let running = status(&root)?;
    if running.is_empty() {
        println!("nothing runs for {}", root.display());
    }
    for one in running {
        println!(
            "{} for {}: version {}, process {}",
            one.service, one.purpose, one.version, one.pid
        );
        println!("  held by {} process(es)", one.holders);
        println!("  url     {}", one.url);
        println!("  data    {}", one.data_dir.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn stop_services(purpose: Option<Purpose>) -> Outcome {
    let root = project_root()?;
    let mut stopped = 0;
    for purpose in purposes(purpose) {
        stopped += stop(&root, purpose)?;
    }
    println!("stopped {stopped} service(s)");
    Ok(ExitCode::SUCCESS)
}

fn reset_data(purpose: Option<Purpose>, yes: bool) -> Outcome {
    let root = project_root()?;
    let mut folders = Vec::new();
    for purpose in purposes(purpose) {
        folders.extend(would_delete(&root, purpose)?);
    }
    if folders.is_empty() {
        println!("no private data in {}", root.display());
        return Ok(ExitCode::SUCCESS);
    }
    println!("This stops the services and deletes:");
    folders.iter().for_each(|folder| println!("  {}", folder.display()));
    if !yes && !confirmed()? {
        println!("nothing was deleted");
        return Ok(ExitCode::FAILURE);
    }
    for purpose in purposes(purpose) {
        reset(&root, purpose)?;
    }
    println!("deleted");
    Ok(ExitCode::SUCCESS)
}

fn purposes(chosen: Option<Purpose>) -> Vec<Purpose> {
    chosen.map_or_else(|| Purpose::ALL.to_vec(), |purpose| vec![purpose])
}

fn confirmed() -> std::io::Result<bool> {
    if !std::io::stdin().is_terminal() {
        println!("Pass --yes to confirm without a terminal.");
        return Ok(false);
    }
    print!("Go on? [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
