//! The demo: who waits, who ran when, and then two kinds of work that async does not help.

mod computing;
mod files;
mod timeline;
mod waits;

use evidence::{Needs, Outcome, Quantity, Scale, Stage, Story};

use crate::trial::WORKERS;
use waits::Waits;

/// Heartbeats that show that a runtime is alive while answers are held; six times as many are due,
/// so a machine that is busy with other things does not change the verdict.
const ALIVE: u64 = 5;

/// Threads with small stacks and a few files; a call is a few hundred bytes.
pub(crate) fn needs(_: Scale) -> Needs {
    Needs { rows: 0, disk_bytes: 1_000_000, memory_bytes: 40_000_000 }
}

pub(crate) fn perform(stage: &Stage) -> Outcome {
    let waits = waits::climb(stage)?;
    timeline::draw(stage)?;
    computing::climb(stage)?;
    files::climb(stage)?;
    stage.story(story(&waits));
    Ok(())
}

fn story(waits: &Waits) -> Story {
    let count = Quantity::count;
    Story {
        situation: "A service spent its time waiting for others, and when one of them became slow \
                    it stopped answering even its health checks."
            .to_owned(),
        task: "Wait for many at once on few threads, and let nothing hold up the rest.".to_owned(),
        action: "Put one load to six ways of waiting, counted calls in flight by holding every \
                 answer, and had a heartbeat on the same workers tell which way stalls them."
            .to_owned(),
        result: format!(
            "On {WORKERS} workers, tasks that await had {} calls in flight and the heart went on \
             beating; tasks that block had {} and stopped it. What has no async interface went to \
             threads of its own.",
            count(waits.async_peak),
            count(waits.blocking_peak),
        ),
    }
}
