//! Runs the demo of this answer, its probe or its laboratory; see `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    evidence::cli::run_with(&inconsistent_responses::ANSWER, &inconsistent_responses::EXTRAS)
}
