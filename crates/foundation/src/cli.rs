//! The command line of an answer that has an API: its demo, and its server alone.

use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use evidence::Answer;
use evidence::cli::{DemoArgs, Extra, perform};

use crate::backing::Backing;
use crate::config::{Config, SessionUrl};
use crate::http::no_pages;
use crate::jobs::Job;
use crate::launch::{self, Service};
use crate::module::Module;
use crate::telemetry;

#[derive(Parser)]
#[command(arg_required_else_help = false, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    demo: DemoArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Serve this answer's API alone
    Serve(Box<Config>),
    /// Run a recurring job once, instead of waiting for its turn
    Job(JobArgs),
}

/// Which job to run, and on what.
#[derive(Args, Debug)]
pub struct JobArgs {
    /// Which; without it they are listed
    name: Option<String>,
    /// Only tell what would be done
    #[arg(long)]
    dry_run: bool,
    /// Where
    #[command(flatten)]
    database: SessionUrl,
}

/// What `fn main()` of an answer with an API calls: the demo by default, `serve`, `job`.
pub fn run(answer: &'static Answer, module: &'static Module) -> ExitCode {
    run_with(answer, module, &[])
}

/// As [`run`], for an answer that has subcommands of its own beside these.
pub fn run_with(answer: &'static Answer, module: &'static Module, extras: &[Extra]) -> ExitCode {
    let matches = Extra::offer(extras, Cli::command()).get_matches();
    if let Some(code) = Extra::run_asked(extras, &matches) {
        return code;
    }
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match cli.command {
        None => perform(&[answer], &cli.demo),
        Some(Command::Serve(config)) => serve(answer, module, &config),
        Some(Command::Job(arguments)) => run_job(module.jobs, &arguments),
    }
}

fn serve(answer: &Answer, module: &'static Module, config: &Config) -> ExitCode {
    if let Err(error) = telemetry::init(&config.log, config.log_format) {
        return exit(Err(error.into()));
    }
    let assemble =
        |_| Service { modules: vec![module], pages: no_pages(), on_signal: Box::new(|| {}) };
    let served = launch::serve(config, assemble, |address, _| {
        println!("{}: http://{address}/docs/", answer.slug);
    });
    exit(served.map(drop).map_err(Into::into))
}

/// Runs the job of this name once and prints its report; lists the jobs without a name.
#[must_use]
pub fn run_job(jobs: &[&'static Job], arguments: &JobArgs) -> ExitCode {
    let Some(name) = &arguments.name else {
        jobs.iter().for_each(|job| println!("{:24} {}", job.name, job.about));
        return ExitCode::SUCCESS;
    };
    let Some(job) = jobs.iter().find(|job| job.name == name) else {
        let names: Vec<&str> = jobs.iter().map(|job| job.name).collect();
        return exit(Err(
            format!("there is no job `{name}`; there are: {}", names.join(", ")).into()
        ));
    };
    exit(run_once(job, arguments))
}

fn run_once(job: &Job, arguments: &JobArgs) -> Result<(), Box<dyn std::error::Error>> {
    let backing = Backing::find(arguments.database.url())?;
    match job.run_locked(&mut backing.connect()?, arguments.dry_run)? {
        None => println!("{} is running on another server", job.name),
        Some(report) if report.is_empty() => println!("nothing to do"),
        Some(report) => report.iter().for_each(|done| println!("{done}")),
    }
    Ok(())
}

fn exit(outcome: Result<(), Box<dyn std::error::Error>>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
