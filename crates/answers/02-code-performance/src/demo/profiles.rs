//! Where the time goes, before the first step and after the last that made the report itself
//! faster.

use std::time::{Duration, Instant};

use evidence::{Chart, ChartKind, Failure, Outcome, Quantity, Stage, TimelineRow, Unit};

use super::Site;
use super::timing::rounded;
use crate::profile::Profile;
use crate::steps::{STEPS, Step};

/// The parts of a request that are asked about, by the spans that are theirs.
const PARTS: [(&str, &str, &[&str]); 5] = [
    ("statements", "waiting for PostgreSQL and the network", &["statement"]),
    ("decoding", "reading rows", &["customers_of", "payments_of", "rows_of"]),
    ("repeats", "finding repeats", &["without_repeats"]),
    ("sum", "the sum that step 4 unrolls", &["total"]),
    ("json", "writing JSON", &["to_json"]),
];

/// Profiles the baseline and step 4, draws both, and says what each part could give at most.
pub(super) fn compare(stage: &Stage, site: &mut Site<'_>) -> Outcome {
    stage.step("Profile it before and after, and ask what a part could give at most");
    stage.note(
        "A sampler looks every quarter of a millisecond which span is the innermost one, waiting \
         included. Amdahl: who makes a part with share s of the time infinitely fast gets \
         1 / (1 − s), and never more.",
    );
    for (when, step) in [("before", &STEPS[0]), ("after", &STEPS[4])] {
        stage.go_on()?;
        let (profile, took) = profile(site, step)?;
        stage.code(
            format!("Folded stacks {when}, {} samples", Quantity::count(profile.samples())),
            profile.folded(),
        );
        stage.chart(flame_graph(when, step, &profile, took / site.size.countries));
        for (id, label, spans) in PARTS {
            let share: f64 = spans.iter().map(|span| profile.share_of(span)).sum();
            let percent = Quantity::percent(share * 100.0);
            stage.measure(&format!("share-{when}-{id}"), format!("{when}, {label}"), percent);
            if matches!(id, "statements" | "sum") {
                let limit = Quantity::times(1.0 / (1.0 - share).max(1e-3));
                let label = format!("{when}, the most that less of it could give");
                stage.measure(&format!("limit-{when}-{id}"), label, limit);
            }
        }
    }
    Ok(())
}

/// The profile of a round, and how long the round took.
fn profile(site: &mut Site<'_>, step: &Step) -> Result<(Profile, Duration), Failure> {
    let mut handler = (step.handler)();
    site.round(&mut handler)?; // Prepares the statements.
    let began = Instant::now();
    let (bodies, profile) = Profile::of("request", || site.round(&mut handler));
    bodies?;
    Ok((profile, began.elapsed()))
}

/// A flame graph lying down, one function per row: each bar lies within that of its caller. Rows
/// instead of boxes on top of each other, as names then have room on a phone and in a terminal.
/// `request` is the time of one, which the samples are shares of.
fn flame_graph(when: &str, step: &Step, profile: &Profile, request: Duration) -> Chart {
    let each = request.as_secs_f64() / profile.samples().max(1) as f64;
    let seconds = |samples: u64| samples as f64 * each;
    let mut path = Vec::new();
    let rows = profile.frames().into_iter().map(|frame| {
        path.truncate(frame.depth);
        path.push(frame.name);
        let (start, total) = (seconds(frame.start), seconds(frame.total));
        TimelineRow {
            // The root calls everything, so its name would only take room.
            label: path[frame.depth.min(1)..].join(" › "),
            spans: vec![(rounded(start), rounded(start + total))],
        }
    });
    Chart {
        id: format!("flame-{when}"),
        title: format!("Flame graph {when}: {}", step.name),
        axis: "wall-clock time of one request by samples, equal calls put together".to_owned(),
        unit: Unit::Seconds,
        kind: ChartKind::Timeline { rows: rows.collect() },
    }
}
