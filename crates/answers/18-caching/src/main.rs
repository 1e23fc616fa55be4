//! Runs the demo of this answer or its server; see `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    foundation::cli::run(&caching::ANSWER, &caching::MODULE)
}
