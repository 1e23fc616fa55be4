//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use evidence::Answer;
use evidence::cli::{DemoArgs, Extra};
use foundation::cli::{JobArgs, run_job};
use foundation::http::describe;

use crate::answers::{ANSWERS, extras, find, jobs, routes, switches};
use crate::questions::QUESTIONS;
use crate::queue::QueueArgs;
use crate::report::ReportArgs;
use crate::serve::{self, ServeArgs};
use crate::{index, questions, queue, report};

const EXAMPLES: &str = "Examples:
  backend                                  serve the pages and the API
  backend demo log-partitions              run one demo
  backend demo --all --scale quick         run all of them, each within five seconds
  backend probe https://example.org/       find out why one request gets different responses
  backend dojo --seed 7                    find a fault that you do not know, against the clock
  backend report --out report.html         all of them as one page to send around
  backend doctor                           check this machine, with a fix for each gap

Every setting of `serve` is a flag or an environment variable: see `backend serve --help`.";

/// Eighteen back-end interview questions, answered with Rust that runs.
#[derive(Debug, Parser)]
#[command(name = "backend", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Serve the pages and the API until Ctrl-C; what `backend` does by itself
    ///
    /// Without DATABASE_URL it starts a private PostgreSQL from this machine's own programs, keeps
    /// its data in .local/, and stops it again.
    Serve(Box<ServeArgs>),
    /// Run the demo of one or more answers
    ///
    /// Each demo shows the wrong way failing and the right way passing, on a scratch database that
    /// is dropped afterwards. Exit codes: 0 every claim held, 1 one did not, 130 stopped.
    Demo(DemoTask),
    /// Run every demo and write one HTML file with verdicts, claims and charts
    ///
    /// The file needs nothing else: it opens from disk, on a phone, too. Exit codes: 0 every claim
    /// held, 1 one did not.
    Report(ReportArgs),
    /// List the eighteen questions, and which are built
    List {
        /// Bring the table between the index markers of this Markdown file up to date instead
        #[arg(long, value_name = "FILE")]
        update: Option<PathBuf>,
    },
    /// Print the OpenAPI description of the API
    Openapi,
    /// Check this machine: what is missing, and how to get it. Exit code 1 if something needed is
    Doctor,
    /// Run a recurring job once, instead of waiting for its turn
    Job(JobArgs),
    /// Tell how many background jobs there are; list, replay or discard those that were given up
    Queue(QueueArgs),
}

#[derive(Args, Debug)]
struct DemoTask {
    /// Which: a slug or a number, see `backend list`
    #[arg(value_name = "QUESTION", required_unless_present = "all", value_parser = answer)]
    questions: Vec<&'static Answer>,
    /// Every answer that is built
    #[arg(long, conflicts_with = "questions")]
    all: bool,
    #[command(flatten)]
    how: DemoArgs,
}

/// Does what the arguments of this process say.
#[must_use]
pub fn run() -> ExitCode {
    let extras = extras();
    let command = Extra::offer(&extras, Cli::command());
    let matches = command.get_matches_from(with_default(std::env::args().collect()));
    if let Some(code) = Extra::run_asked(&extras, &matches) {
        return code;
    }
    match Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()).task {
        Task::Serve(args) => exit(serve::run(&args)),
        Task::Demo(task) => demo(&task),
        Task::Report(arguments) => match report::run(&arguments) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => exit(Err(error)),
        },
        Task::List { update: None } => list(),
        Task::List { update: Some(path) } => exit(index::update(&path)),
        Task::Openapi => openapi(),
        Task::Doctor => work_environment::doctor::run(),
        Task::Job(arguments) => run_job(&jobs(), &arguments),
        Task::Queue(arguments) => exit(queue::run(&arguments)),
    }
}

/// `backend` and `backend --listen …` mean `backend serve …`.
fn with_default(mut arguments: Vec<String>) -> Vec<String> {
    let own = ["-h", "--help", "-V", "--version"];
    let serves = arguments
        .get(1)
        .is_none_or(|first| first.starts_with('-') && !own.contains(&first.as_str()));
    if serves {
        arguments.insert(1.min(arguments.len()), "serve".to_owned());
    }
    arguments
}

fn exit<E: std::fmt::Display>(outcome: Result<(), E>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn answer(name: &str) -> Result<&'static Answer, String> {
    find(name).ok_or_else(|| {
        let built: Vec<&str> = ANSWERS.iter().map(|answer| answer.slug).collect();
        let open = questions::by_slug(name).map_or("no such answer", |_| "not built yet");
        format!("{open}; there are: {}", built.join(", "))
    })
}

fn demo(task: &DemoTask) -> ExitCode {
    if let Err(error) = known_switches(task) {
        return exit(Err(error));
    }
    let answers = if task.all { ANSWERS } else { &task.questions };
    evidence::cli::perform(answers, &task.how)
}

/// A switch that no demo knows is told before anything runs.
fn known_switches(task: &DemoTask) -> Result<(), String> {
    let known: Vec<&str> =
        task.questions.iter().flat_map(|answer| switches(answer)).map(|one| one.name).collect();
    let unknown = task.how.switches.iter().find(|name| !known.contains(&name.as_str()));
    match unknown {
        None => Ok(()),
        Some(name) if known.is_empty() => Err(format!("no switch {name}; this demo has none")),
        Some(name) => Err(format!("no switch {name}; there are: {}", known.join(", "))),
    }
}

fn list() -> ExitCode {
    let width = QUESTIONS.iter().map(|question| question.slug.len()).max().unwrap_or_default();
    for question in QUESTIONS {
        let built = ANSWERS.iter().any(|answer| answer.slug == question.slug);
        let mark = if built { "built" } else { "–" };
        println!(
            "{:>2}  {:<width$}  {mark:<5}  {}",
            question.number, question.slug, question.title
        );
    }
    ExitCode::SUCCESS
}

fn openapi() -> ExitCode {
    match describe(&routes()).to_pretty_json() {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => exit(Err(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        std::iter::once("backend").chain(words.iter().copied()).map(str::to_owned).collect()
    }

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        Extra::offer(&extras(), Cli::command()).debug_assert();
    }

    #[test]
    fn serving_is_what_happens_by_itself() {
        assert_eq!(with_default(words(&[])), words(&["serve"]));
        let flags = ["--listen", "127.0.0.1:1"];
        assert_eq!(with_default(words(&flags)), words(&["serve", "--listen", "127.0.0.1:1"]));
        for other in [&["--help"][..], &["list"], &["demo", "--all"]] {
            assert_eq!(with_default(words(other)), words(other));
        }
    }

    #[test]
    fn a_demo_is_named_by_slug_or_number_and_mistakes_are_answered_with_what_there_is() {
        let parse = |list: &[&str]| Cli::try_parse_from(words(list));
        for name in ["log-partitions", "4", "08"] {
            assert!(parse(&["demo", name, "--scale", "quick"]).is_ok(), "{name}");
        }
        let not_built = QUESTIONS.iter().find(|question| find(question.slug).is_none());
        if let Some(question) = not_built {
            let error = parse(&["demo", question.slug]).map(drop).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            let message = error.to_string();
            assert!(message.contains("not built yet; there are: production-incident"), "{message}");
        }
        assert_eq!(parse(&["demo"]).unwrap_err().exit_code(), 2);
        assert!(matches!(parse(&["demo", "--all"]).unwrap().task, Task::Demo(task) if task.all));
    }
}
