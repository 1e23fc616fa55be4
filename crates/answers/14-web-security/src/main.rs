//! Runs the demo of this answer; see `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    evidence::cli::run(&web_security::ANSWER)
}
