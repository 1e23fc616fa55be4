//! The command line of an answer that has an API: its demo, and its server alone.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use evidence::Answer;
use evidence::cli::{DemoArgs, perform};

use crate::config::Config;
use crate::jobs::Job;
use crate::launch::{self, Service};
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
    /// Run a recurring job once
    Job {
        /// Name of the job; without it, lists them
        name: Option<String>,
        /// Tell what would be done, and do nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        config: Box<Config>,
    },
}

/// What `fn main()` of an answer with an API calls: the demo by default, `serve`, `job`.
pub fn run(answer: &'static Answer, jobs: &[&'static Job]) -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        None => perform(&[answer], &cli.demo),
        Some(Command::Serve(config)) => serve(answer, jobs, &config),
        Some(Command::Job { name, dry_run, config }) => {
            run_job(jobs, name.as_deref(), dry_run, &config)
        }
    }
}

fn serve(answer: &Answer, jobs: &[&'static Job], config: &Config) -> ExitCode {
    let service = Service {
        routes: answer.routes.into_iter().collect(),
        pages: Arc::new(|_| {}),
        jobs: jobs.to_vec(),
    };
    let served =
        telemetry::init(&config.log, config.log_format).map_err(Into::into).and_then(|()| {
            launch::serve(config, service, |started| {
                eprintln!("{}: http://{}/docs/", answer.slug, started.address);
            })
            .map_err(Box::<dyn std::error::Error>::from)
        });
    exit(served)
}

/// Runs the job of this name once and prints its report; lists the jobs without a name.
#[must_use]
pub fn run_job(
    jobs: &[&'static Job],
    name: Option<&str>,
    dry_run: bool,
    config: &Config,
) -> ExitCode {
    let Some(name) = name else {
        for job in jobs {
            println!("{:24} {}", job.name, job.about);
        }
        return ExitCode::SUCCESS;
    };
    let Some(job) = jobs.iter().find(|job| job.name == name) else {
        return exit(
            Err(format!("there is no job `{name}`: see `job` for those there are").into()),
        );
    };
    exit(launch::run_job(config, job, dry_run).map(|report| match report {
        None => println!("{name} is running on another server at this moment"),
        Some(done) if done.is_empty() => println!("{name}: nothing to do"),
        Some(done) => done.iter().for_each(|line| println!("{line}")),
    }))
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
