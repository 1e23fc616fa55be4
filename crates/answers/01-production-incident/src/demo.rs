//! The demo: one incident told from alert to fix, all six played, and five ways to react to one.
//!
//! Read `six.rs` (the faults under one load), `told.rs` (one of them as a story), `policies.rs`
//! (what each way to react costs in failed requests).

mod policies;
mod six;
mod told;

use evidence::{Needs, Outcome, Scale, Stage, Story, Unit};
use foundation::scratch::Scratch;
use local_services::Purpose;

use crate::faults::Fault;
use policies::{Policy, Reaction};

/// Six small databases, and services with few threads.
pub(crate) fn needs(_: Scale) -> Needs {
    Needs { rows: 6_000, disk_bytes: 80_000_000, memory_bytes: 60_000_000 }
}

/// Waves before the injection, and after each change.
fn waves(scale: Scale) -> usize {
    match scale {
        Scale::Quick => 2,
        Scale::Default => 20,
        Scale::Full => 60,
    }
}

pub(crate) fn perform(stage: &Stage) -> Outcome {
    // Also tells the stage which PostgreSQL this is.
    let (first, _guard) = Scratch::for_demo(stage)?;
    let mut databases = Databases(vec![first]);
    for _ in 1..Fault::ALL.len() {
        databases.0.push(Scratch::create(Purpose::Demo)?);
    }
    let each = waves(stage.scale());
    stage.step("Six faults, each in a service of its own under the same load");
    stage.predict(
        "lost-fix-first",
        "The alert fires at the first failures. How many are there, if the fix is built first?",
        Unit::Count,
    );
    let played = six::play_all(stage, &databases.0, each)?;
    told::tell(stage, &played);
    stage.step("All six under the same load");
    six::judge(stage, &played);
    stage.go_on()?;
    stage.step("One incident, five ways to react");
    let reactions = policies::react(stage, &databases.0, each)?;
    policies::judge(stage, &reactions);
    stage.story(story(&reactions));
    Ok(())
}

/// One for each fault.
struct Databases(Vec<Scratch>);

impl Drop for Databases {
    /// Side by side: each drop waits for a checkpoint, and one checkpoint will do for all.
    fn drop(&mut self) {
        std::thread::scope(|scope| {
            for database in self.0.drain(..) {
                scope.spawn(move || drop(database));
            }
        });
    }
}

fn story(reactions: &[Reaction]) -> Story {
    let failed =
        |policy| reactions.iter().find(|one| one.policy == policy).map_or(0, |one| one.failed);
    Story {
        situation: "An hour after a release, look-ups of an order service answered 503. The \
                    database said it was idle, and the health check was green."
            .to_owned(),
        task: "Stop the failures before knowing the cause, keep the evidence, then repair it for \
               good."
            .to_owned(),
        action: "Took one picture of the signals, switched the release's feature off and \
                 restarted. Weighed six hypotheses against that picture; one was left: \
                 connections that were out while nobody was served. The fix lends connections \
                 instead of handing them out; the same load ran again."
            .to_owned(),
        result: format!(
            "{} requests failed. Building the fix first would have cost {}, a bigger pool {}, \
             restarting and hoping {}. After the fix none failed.",
            failed(Policy::MitigateFirst),
            failed(Policy::FixFirst),
            failed(Policy::BiggerPool),
            failed(Policy::RestartAndHope),
        ),
    }
}
