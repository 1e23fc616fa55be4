//! Runs the demo of this answer, its server, its workers or its provider; see `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    foundation::cli::run_with(&shop_api::ANSWER, &shop_api::MODULE, &shop_api::command::EXTRAS)
}
