//! The demo: fourteen attacks on four builds, honest people among them, then what it costs and
//! where it does not help.
//!
//! Read `ladder.rs`, `honest.rs`, `price.rs`, then `useless.rs`.

mod honest;
mod ladder;
mod price;
mod useless;

use std::sync::Arc;

use evidence::{Needs, Outcome, Scale, Stage, Story};
use foundation::scratch::Scratch;

use ladder::Score;

pub(crate) fn needs(_: Scale) -> Needs {
    // A few dozen rows for each of five servers, and bodies of 16 MB for those that keep them.
    Needs { rows: 300, disk_bytes: 60_000_000, memory_bytes: 200_000_000 }
}

pub(crate) fn perform(stage: &Stage) -> Outcome {
    let (scratch, _guard) = Scratch::for_demo(stage)?;
    let scratch = Arc::new(scratch);
    let scores = ladder::climb(stage, &scratch)?;
    stage.go_on()?;
    price::weigh(stage, &scratch)?;
    stage.go_on()?;
    useless::show(stage, &scratch)?;
    stage.story(story(&scores));
    Ok(())
}

fn story(scores: &[Score]) -> Story {
    let landed: Vec<String> = scores.iter().map(|score| score.landed().to_string()).collect();
    Story {
        situation: "An application grew without anybody attacking it before its users could."
            .to_owned(),
        task: "Find out what lands, close it where it arises, and keep it closed.".to_owned(),
        action:
            "Wrote each attack as a program that counts what it gets, tried the obvious fixes, \
                 then put one mechanism in one place for each: binds, owners in the query, lists \
                 of what is allowed, a client that checks where names lead."
                .to_owned(),
        result: format!(
            "Of {} attacks {} landed at first, {} on the obvious fixes, {} on the hardened build; \
             each is a test now.",
            crate::attacks::ATTACKS.len(),
            landed[0],
            landed[1],
            landed[2],
        ),
    }
}
