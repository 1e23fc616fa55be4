//! Who depends on whom, read while the demo runs.

use evidence::{Outcome, Quantity, Stage, workspace};

use crate::floors::{self, Arrows, Unread, violations};
use crate::{diagram, page};

/// Draws the crates; away from the repository it says so and checks nothing of it.
pub(super) fn draw(stage: &Stage) -> Outcome {
    stage.step("The crates, from cargo metadata");
    let arrows = match floors::read() {
        Ok(arrows) => arrows,
        Err(away @ Unread::AwayFromHome) => {
            stage.note(format!("No diagram: {away}."));
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    stage.code("Arrows that follow from others are left out", diagram::text(&arrows));
    let count = |arrows: &Arrows| arrows.values().map(Vec::len).sum::<usize>() as u64;
    stage.measure("crates", "crates", Quantity::count(arrows.len() as u64));
    let drawn = count(&floors::without_implied(&arrows));
    stage.measure("arrows", "arrows between them", Quantity::count(count(&arrows)));
    stage.note(format!("{drawn} arrows are drawn; the picture is {}.", page::PICTURE));
    let wrong = violations(&arrows);
    stage.check(
        "every-arrow-runs-down",
        format!("of {} arrows between crates {} run up or sideways", count(&arrows), wrong.len()),
        wrong.is_empty() && arrows.contains_key("backend"),
    );
    let mut planted = arrows;
    planted.entry("foundation".to_owned()).or_default().push("auth".to_owned());
    let found = violations(&planted);
    stage.check(
        "an-arrow-up-is-found",
        format!("with an arrow from foundation to auth planted, {} is found", found.len()),
        found.len() == 1,
    );
    decisions(stage)
}

/// Records of decisions, and whether each names what holds it. That what it names exists, is for a
/// test of the whole to say.
fn decisions(stage: &Stage) -> Outcome {
    let folder = workspace::root().ok_or(Unread::AwayFromHome)?.join("docs/decisions");
    let (mut records, mut held) = (0, 0);
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(|letter: char| letter.is_ascii_digit()) {
            let text = std::fs::read_to_string(entry.path())?;
            records += 1;
            held += u64::from(text.lines().any(|line| line.starts_with("Check: `")));
        }
    }
    stage.check(
        "every-decision-names-its-check",
        format!("{held} of {records} decisions name a test or check that holds them"),
        records > 0 && held == records,
    );
    stage.measure("decisions", "decisions, each with its check", Quantity::count(held));
    Ok(())
}
