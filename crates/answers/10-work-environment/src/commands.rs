//! What this crate offers beside its demo, for work on the project itself.

use std::fmt::Display;
use std::process::ExitCode;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use evidence::cli::Extra;
use evidence::workspace;

use crate::doctor;
use crate::new_answer::NewAnswer;

/// `doctor`.
pub(crate) const DOCTOR: Extra = Extra {
    command: || Command::new("doctor").about("Check this machine, with a fix for each gap"),
    run: |_| doctor::run(),
};

/// `new-answer`.
pub(crate) const NEW_ANSWER: Extra = Extra { command: new_command, run: new };

/// `remove-answer`.
pub(crate) const REMOVE_ANSWER: Extra = Extra { command: remove_command, run: remove };

#[derive(Args, Debug)]
struct New {
    /// Package name of the answer, such as feature-flags
    slug: String,
    /// The question
    #[arg(long, default_value = "Put the question here, as it is asked")]
    title: String,
}

#[derive(Args, Debug)]
struct Remove {
    /// Package name of the answer
    slug: String,
    /// Also if somebody has worked on it
    #[arg(long)]
    force: bool,
}

fn new_command() -> Command {
    New::augment_args(Command::new("new-answer").about("Lay out the crate of a further answer"))
}

fn remove_command() -> Command {
    Remove::augment_args(Command::new("remove-answer").about("Remove a further answer again"))
}

fn new(matches: &ArgMatches) -> ExitCode {
    perform(matches, |arguments: New| {
        let root = workspace::root().ok_or("run this inside the project")?;
        let new = NewAnswer::next(&root, &arguments.slug, &arguments.title)?;
        new.lay_out(&root)?;
        Ok(format!(
            "{} is laid out; it compiles and passes as it is.\nNext: cargo test -p {}, \
             then CONTRIBUTING.md.",
            new.folder().display(),
            new.slug
        ))
    })
}

fn remove(matches: &ArgMatches) -> ExitCode {
    perform(matches, |arguments: Remove| {
        let root = workspace::root().ok_or("run this inside the project")?;
        let answer = NewAnswer::find(&root, &arguments.slug)?;
        answer.remove(&root, arguments.force)?;
        Ok(format!("{} is gone, from every list too.", answer.folder().display()))
    })
}

fn perform<A: FromArgMatches>(
    matches: &ArgMatches,
    task: impl FnOnce(A) -> Result<String, evidence::Failure>,
) -> ExitCode {
    match A::from_arg_matches(matches).map_err(Into::into).and_then(task) {
        Ok(done) => {
            println!("{done}");
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &impl Display) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}
