//! The demo: this repository is asked about itself.
//!
//! Read `crates.rs` (who depends on whom), `request.rs` (one request, for real), `models.rs`
//! (tables or documents), `deaths.rs` (which mails are lost), then `waits.rs` (who waits for them).

mod crates;
mod deaths;
mod models;
mod request;
mod waits;

use std::sync::Arc;
use std::time::Duration;

use evidence::{Needs, Outcome, Quantity, Scale, Stage, Story};
use foundation::scratch::Scratch;

use crate::lessons::LESSONS;
use crate::orders;

/// How long the mail server takes for a mail: what the question says.
const MAIL: Duration = Duration::from_millis(300);

pub(crate) fn needs(scale: Scale) -> Needs {
    let rows = models::orders(scale) * 4 * 4;
    Needs { rows, disk_bytes: 40_000_000 + rows * 300, memory_bytes: 100_000_000 }
}

pub(crate) fn perform(stage: &Stage) -> Outcome {
    crates::draw(stage)?;
    let (scratch, _guard) = Scratch::for_demo(stage)?;
    let scratch = Arc::new(scratch);
    orders::create(&mut scratch.connect()?)?;
    request::follow(stage, &scratch)?;
    stage.go_on()?;
    let copies = models::climb(stage, &scratch)?;
    stage.go_on()?;
    let lost = deaths::climb(stage, &scratch)?;
    stage.go_on()?;
    waits::climb(stage, &scratch)?;
    lessons(stage);
    stage.story(story(copies, lost));
    Ok(())
}

fn lessons(stage: &Stage) {
    stage.step("What was learnt the hard way");
    for lesson in LESSONS {
        stage.note(format!("{}: {}. [{}]", lesson.change, lesson.learnt, lesson.subject));
    }
    let count = LESSONS.len() as u64;
    stage.measure("lessons", "lessons, each with its change", Quantity::count(count));
}

fn story(copies: u64, lost: u64) -> Story {
    Story {
        situation: "Eighteen answers about back ends were to be one backend that runs, and each \
                    claim in them was to be provable on the reader's machine."
            .to_owned(),
        task: "Let many people change it for a long time, and let no decision rot.".to_owned(),
        action: "Put the crates on floors and let a test read the arrows; gave every decision a \
                 test; weighed by counts: tables or documents, a queue or a spawned task."
            .to_owned(),
        result: format!(
            "Renaming a product writes 1 row instead of {}, and a kill loses 0 mails instead of \
             {lost}. What went wrong on the way is {} lessons with their changes.",
            Quantity::count(copies),
            LESSONS.len()
        ),
    }
}
