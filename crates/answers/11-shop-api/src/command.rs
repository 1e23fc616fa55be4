//! Subcommands beside demo and server. Their names begin with `shop-`, as the backend offers them, too.

mod stock;
mod switch;

use std::process::ExitCode;

use evidence::cli::Extra;
use foundation::module::StartFailure;

use crate::{provider, sale, workers};

/// All of them.
pub static EXTRAS: [Extra; 6] = [
    provider::command::EXTRA,
    workers::command::EXTRA,
    stock::EXTRA,
    switch::SWITCH,
    switch::SWITCHES,
    sale::EXTRA,
];

/// The exit code of a subcommand, after telling what went wrong.
pub(crate) fn exit(outcome: Result<(), StartFailure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
