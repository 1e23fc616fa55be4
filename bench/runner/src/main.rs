//! Measures the backend beside its peers and its two limits, and writes `docs/performance.md`.
//!
//! Reading order: `plan` (what is measured) → `stage` (what is started) → `load`, `pgbench` and
//! `process` (how it is measured) → `report`.

mod agreement;
mod http;
mod load;
mod people;
mod pgbench;
mod plan;
mod pressure;
mod process;
mod report;
mod results;
mod rounds;
mod stage;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

use plan::{Arguments, Plan};
use process::{Interrupt, Interrupted};

/// A benchmark has one reaction to every error: say it and stop.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// What a shell reports for a program ended by Ctrl-C.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    match Interrupt::install().and_then(|interrupt| run(&Arguments::parse(), &interrupt)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            if error.is::<Interrupted>() { INTERRUPTED.into() } else { ExitCode::FAILURE }
        }
    }
}

fn run(arguments: &Arguments, interrupt: &Interrupt) -> Outcome<()> {
    let plan = Plan::new(arguments)?;
    let stage = stage::Stage::set(&plan, interrupt)?;
    let results = rounds::measure(&plan, &stage, interrupt)?;
    let text = report::write(&plan, &stage, &results);
    drop(stage);
    std::fs::write(&plan.output, text)?;
    println!("written: {}", plan.output.display());
    Ok(())
}
