//! `backend`: serves, demonstrates, lists, checks.

use std::process::ExitCode;

fn main() -> ExitCode {
    backend::cli::run()
}
