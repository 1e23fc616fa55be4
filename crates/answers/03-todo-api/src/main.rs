//! Runs the demo of this answer or its server; see `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    foundation::cli::run(&todo_api::ANSWER, &todo_api::MODULE)
}
