//! From a fresh clone to the first result, three ways.

use std::time::Duration;

use evidence::Failure;

use crate::desk::Desk;
use crate::project::Project;

/// What a way took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetUp {
    /// Commands typed.
    pub commands: u64,
    /// Runs that ended in an error.
    pub failed_runs: u64,
    /// How long the commands took.
    pub took: Duration,
}

const RUN: &str = "cargo run --quiet";
const DOCTOR: &str = "cargo run --quiet -- doctor";

/// The shop as a newcomer clones it: what git does not know is gone, except for the build, so that
/// only what is missing differs between the ways.
fn as_cloned(project: &Project) -> Result<Desk, Failure> {
    let clean = "git clean --quiet --force -d -x --exclude=target";
    project.desk().line(clean)?.expected()?;
    project.desk().line("cargo build --quiet")?.expected()?;
    Ok(project.desk())
}

/// Runs it, reads what is missing, makes that, and runs it again. The fixes are those that the
/// shop's own doctor knows: even with the right one at hand each gap costs a run.
///
/// # Errors
/// When a fix does not help.
pub fn by_failing(project: &Project) -> Result<SetUp, Failure> {
    let mut desk = as_cloned(project)?;
    let fixes = project.desk().line(DOCTOR)?.expected()?;
    let mut failed_runs = 0;
    for fix in fixes.lines() {
        if desk.line(RUN)?.success {
            break;
        }
        failed_runs += 1;
        desk.run(&["sh", "-c", fix])?.expected()?;
    }
    desk.line(RUN)?.expected()?;
    Ok(SetUp { commands: desk.commands, failed_runs, took: desk.took })
}

/// Asks a doctor, which names every gap at once with its fix, and types the fixes.
///
/// # Errors
/// As [`by_failing`].
pub fn by_a_doctor(project: &Project) -> Result<SetUp, Failure> {
    let mut desk = as_cloned(project)?;
    let fixes = desk.line(DOCTOR)?.expected()?;
    for fix in fixes.lines() {
        desk.run(&["sh", "-c", fix])?.expected()?;
    }
    desk.line(RUN)?.expected()?;
    Ok(SetUp { commands: desk.commands, failed_runs: 0, took: desk.took })
}

/// One command that does all that.
///
/// # Errors
/// As [`by_failing`].
pub fn by_one_command(project: &Project) -> Result<SetUp, Failure> {
    let mut desk = as_cloned(project)?;
    desk.line("sh run.sh")?.expected()?;
    Ok(SetUp { commands: desk.commands, failed_runs: 0, took: desk.took })
}
