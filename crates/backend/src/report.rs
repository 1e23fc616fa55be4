//! `backend report`: every demo in one HTML file.

use std::error::Error;
use std::path::PathBuf;

use clap::Args;
use evidence::cli::{run_quietly, stop_on_signal};
use evidence::{Interrupt, Scale, record};

use crate::answers::ANSWERS;
use crate::study::report::{Part, document};

/// The seed of recordings, so that counts can be compared with theirs.
const SEED: u64 = 42;

/// How to make the report.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReportArgs {
    /// Where to write it
    #[arg(long, value_name = "FILE", default_value = "report.html")]
    out: PathBuf,
    /// Show the recorded runs, marked as such, instead of running the demos
    #[arg(long, conflicts_with = "scale")]
    recorded: bool,
    /// How much data: quick takes about a minute in all, default up to twenty
    #[arg(long, value_enum, default_value_t = Scale::Default, hide_possible_values = true, value_name = "quick|default|full")]
    scale: Scale,
}

/// Runs the demos and writes the file; tells whether every claim held.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn run(arguments: &ReportArgs) -> Result<bool, Box<dyn Error>> {
    // Before the demos, which take minutes: a folder that is not there is known at once.
    std::fs::write(&arguments.out, "")
        .map_err(|error| format!("{}: {error}", arguments.out.display()))?;
    let parts = if arguments.recorded { recorded() } else { perform(arguments.scale) };
    std::fs::write(&arguments.out, document(&parts))?;
    eprintln!("written to {}", arguments.out.display());
    Ok(parts.iter().all(Part::has_passed))
}

fn recorded() -> Vec<Part> {
    let part = |answer| Part { answer, events: record::load(answer.recorded), recorded: true };
    ANSWERS.iter().copied().map(part).collect()
}

/// Every demo in turn. One that was stopped, and those after it, are shown as recorded.
fn perform(scale: Scale) -> Vec<Part> {
    let interrupt = Interrupt::default();
    stop_on_signal(&interrupt);
    let mut parts = recorded();
    for part in &mut parts {
        if interrupt.requested() {
            break;
        }
        eprintln!("{:>2}  {}", part.answer.number, part.answer.slug);
        let events = run_quietly(part.answer, scale, SEED, &interrupt);
        if !interrupt.requested() {
            part.events = events;
            part.recorded = false;
        }
    }
    parts
}
