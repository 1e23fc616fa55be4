//! Runs the demo of this answer, its server or its job; see `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    foundation::cli::run(&auth::ANSWER, &auth::MODULE)
}
