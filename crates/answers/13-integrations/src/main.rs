//! Runs the demo of this answer, its server, or one of the processes that its crash test kills; see
//! `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    foundation::cli::run_with(
        &integrations::ANSWER,
        &integrations::MODULE,
        &integrations::command::EXTRAS,
    )
}
