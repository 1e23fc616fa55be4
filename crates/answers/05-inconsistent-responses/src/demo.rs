//! The demo: two instances that disagree, the probe that finds out why, and a fix after the other.
//!
//! Read `ladder.rs` (what people try, under one load), `judge.rs` (what the probe named, and what
//! each fix took away), then `limits.rs` (when the probe is wrong).

mod judge;
mod ladder;
mod limits;

use evidence::{Needs, Outcome, Quantity, Scale, Stage, Story};
use foundation::scratch::Scratch;

use crate::{Case, lab};
use ladder::Climbed;

/// Identical GETs of each rung.
fn gets(scale: Scale) -> u32 {
    match scale {
        Scale::Quick => 100,
        Scale::Default => 1_000,
        Scale::Full => 10_000,
    }
}

pub(crate) fn needs(_: Scale) -> Needs {
    Needs { rows: lab::ROWS, disk_bytes: 12_000_000, memory_bytes: 40_000_000 }
}

pub(crate) fn perform(stage: &Stage) -> Outcome {
    let (scratch, _guard) = Scratch::for_demo(stage)?;
    lab::create(&scratch)?;
    let system = actix_web::rt::System::new();
    let gets = gets(stage.scale());
    let climbed = system.block_on(ladder::climb(stage, &scratch, gets))?;
    judge::judge(stage, &climbed, gets);
    system.block_on(limits::show(stage, &scratch, gets))?;
    stage.step("What the others are told");
    stage.code("case.md", case(&climbed).to_string());
    stage.story(story(&climbed, gets));
    Ok(())
}

fn case(climbed: &Climbed) -> Case {
    let [reported, one_release, checked, fixed] = climbed.fixes();
    Case::of(&reported.report)
        .then("rollout finished", &one_release.report)
        .then("copy checked by its version", &checked.report)
        .then("order ends with the id", &fixed.report)
}

fn story(climbed: &Climbed, gets: u32) -> Story {
    let [reported, one_release, checked, fixed] = climbed.fixes().map(|seen| seen.different);
    Story {
        situation: "The front end showed an order without its amount now and then, another limit \
                    for free delivery after a reload, and rows that changed places."
            .to_owned(),
        task: "Find out whether it is theirs or ours, why, and keep them informed meanwhile."
            .to_owned(),
        action: "Left the front end out: sent one GET again and again, grouped the responses, \
                 compared them member by member, and bisected each difference by header, instance \
                 and time. Fixed one cause after the other and counted again."
            .to_owned(),
        result: format!(
            "Of {} GETs {reported} different responses, then {one_release}, {checked} and {fixed}. \
             A contract is now checked on each instance.",
            Quantity::count(gets.into()),
        ),
    }
}
