//! Runs the demo of this answer, its server, or its contract's gate; see `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let (answer, module) = (&blog_api::ANSWER, &blog_api::MODULE);
    foundation::cli::run_with(answer, module, &[blog_api::contract::SUBCOMMAND])
}
