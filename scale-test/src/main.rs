//! Starts the set-ups of `docs/scaling.md` with real processes, checks what they promise, and stops
//! them again.
//!
//! Reading order: `plan` (what is run) → `steps` (one file a set-up) → `fleet`, `database` (what is
//! started) → `load`, `http` (who asks) → `report` and `record`.

mod database;
mod fleet;
mod http;
mod load;
mod orders;
mod people;
mod pgbouncer;
mod plan;
mod process;
mod record;
mod report;
mod run;
mod steps;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

use plan::Arguments;
use process::{Interrupted, Processes};
use report::Report;

/// A check-up has one reaction to every error: say it and stop.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// What a shell reports for a program ended by Ctrl-C.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut report = Report::default();
    let outcome = Processes::new().and_then(|processes| {
        let run = arguments.prepare(processes)?;
        arguments.perform(&run, &mut report)
    });
    if !report.rows().is_empty() {
        println!("{}", report.table());
    }
    match outcome {
        Ok(()) if report.failures() == 0 => ExitCode::SUCCESS,
        Ok(()) => {
            eprintln!("error: {} of {} checks failed", report.failures(), report.rows().len());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            if error.is::<Interrupted>() { INTERRUPTED.into() } else { ExitCode::FAILURE }
        }
    }
}
