//! The demo: a doctor, seven ways to meet one defect, three to set up, and when tests are too many.

mod clinic;
mod gaps;
mod loops;
mod rhythm;

use evidence::{Needs, Outcome, Quantity, Scale, Stage, Story};

use crate::desk;
use crate::doctor::Machine;
use crate::hunts::Hunt;
use crate::site::Site;

/// How much of everything.
#[derive(Clone, Copy, Debug)]
struct Size {
    /// Commits after the first.
    releases: usize,
    /// Times that each way is gone.
    rounds: u32,
    /// Edits under a suite, and tests in it beside the shop's own.
    edits: u64,
    others: u64,
}

fn size(scale: Scale) -> Size {
    match scale {
        Scale::Quick => Size { releases: 4, rounds: 1, edits: 2, others: 40 },
        Scale::Default => Size { releases: 32, rounds: 4, edits: 8, others: 600 },
        Scale::Full => Size { releases: 128, rounds: 6, edits: 20, others: 2_000 },
    }
}

/// Clones of a tiny project, each with its build.
pub(crate) fn needs(_: Scale) -> Needs {
    Needs { rows: 0, disk_bytes: 60_000_000, memory_bytes: 200_000_000 }
}

pub(crate) fn perform(stage: &Stage) -> Outcome {
    let machine = Machine::here();
    clinic::perform(stage, &machine)?;
    desk::tools(&machine)?;
    let size = size(stage.scale());
    stage.step("Write a history in which one change is wrong, and let each release sell");
    let site = Site::open(stage, size.releases)?;
    stage.code("the change that is wrong", format!("- {}\n+ {}", site.defect.from, site.defect.to));
    let hunts = loops::perform(stage, &site, size.rounds)?;
    gaps::perform(stage, &site.project)?;
    rhythm::perform(stage, &site, size)?;
    stage.note(
        "Not measured, because no program can: mentors, reviews, focus time. \
         crates/answers/10-work-environment/card.md is a card to fill in for that half.",
    );
    tell(stage, &site, &hunts);
    Ok(())
}

fn tell(stage: &Stage, site: &Site, hunts: &[Hunt]) {
    let [back, _, _, _, test, ..] = hunts else { return };
    let count = Quantity::count;
    stage.story(Story {
        situation: format!(
            "A one-line change compiled, and {} releases sold by it until a customer complained.",
            count(site.releases_with_it())
        ),
        task: "Find the line, and find the next one sooner.".to_owned(),
        action: "Tests at each edit, one command to set up, a doctor that names what is missing."
            .to_owned(),
        result: format!(
            "{} commands and {} wrong totals became {} commands and {}.",
            count(back.commands),
            count(back.wrong),
            count(test.commands),
            count(test.wrong)
        ),
    });
}
