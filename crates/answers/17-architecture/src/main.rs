//! Runs the demo of this answer, or draws the crates; see `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    evidence::cli::run_with(&architecture::ANSWER, &architecture::EXTRAS)
}
