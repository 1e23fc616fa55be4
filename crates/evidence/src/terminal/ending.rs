//! The last lines of a run: the verdict, and what to do about it.

use super::paint::{BAD, BOLD, DIM, GOOD, WARN, paint};
use super::values;
use crate::text::wrap;
use crate::{Quantity, Unit, Verdict};

/// What the ending tells.
pub(super) struct Run<'run> {
    /// Checks that held and that did not.
    pub(super) tally: (u32, u32),
    pub(super) seconds: f64,
    pub(super) error: Option<&'run str>,
    /// Id and claim of each check that did not hold.
    pub(super) broken: &'run [(String, String)],
    pub(super) seed: u64,
}

pub(super) fn text(verdict: Verdict, run: &Run<'_>, width: usize) -> String {
    let (passed, failed) = run.tally;
    let claims = format!("{passed} of {} claims proven", passed + failed);
    let took = Quantity { value: run.seconds, unit: Unit::Seconds };
    let (style, word) = match verdict {
        Verdict::Passed => (GOOD, "✓ passed"),
        Verdict::Failed => (BAD, "✗ failed"),
        Verdict::Interrupted => (WARN, "■ stopped"),
    };
    let mut text = format!("{}  {claims} in {took}", paint(style.bold(), word));
    if let Some(error) = run.error {
        let lines = wrap(error, width - 11).join("\n           ");
        text.push_str(&format!("\n    {} {lines}", paint(BAD, "error:")));
    }
    if !run.broken.is_empty() {
        text.push_str(&format!("\n    {}", paint(BOLD, "did not hold:")));
    }
    for (id, claim) in run.broken {
        let check = values::check(id, claim, false, width - 4).replace('\n', "\n    ");
        text.push_str(&format!("\n    {check}"));
    }
    if let Some(advice) = advice(verdict, run) {
        let lines = wrap(&advice, width - 4).join("\n    ");
        text.push_str(&format!("\n    {}", paint(DIM, &lines)));
    }
    text
}

fn advice(verdict: Verdict, run: &Run<'_>) -> Option<String> {
    let seed = run.seed;
    match verdict {
        Verdict::Passed => None,
        Verdict::Interrupted => {
            Some("Stopped at your request; scratch data are dropped.".to_owned())
        }
        Verdict::Failed if run.broken.is_empty() => Some(
            "Next: follow the error above. If it names a service, see that it runs and has room; \
             then run the demo again."
                .to_owned(),
        ),
        Verdict::Failed => Some(format!(
            "Next: run it again with --scale quick --seed {seed}. If the same claim fails, the \
             \"Show it\" table of the README names the code that it is about."
        )),
    }
}
