//! Checks, values and intervals as text.

use super::paint::{ACCENT, BAD, BOLD, DIM, GOOD, WARN, paint};
use crate::text::{letters, wrap};
use crate::{Comparison, Lower, Measurement, Needs, Quantity};

/// A check: sign, id and the claim, broken with a hanging indent.
pub(super) fn check(id: &str, claim: &str, passed: bool, width: usize) -> String {
    let (style, sign) = if passed { (GOOD, "✓") } else { (BAD, "✗") };
    // The second space is a no-break one while lines are broken, which would swallow it.
    let lines = wrap(&format!("{id} \u{a0}{claim}"), width - 2);
    let text = lines.join("\n  ").replace(" \u{a0}", "  ").replacen(id, &paint(style, id), 1);
    format!("{} {text}", paint(style, sign))
}

/// What a run takes.
pub(super) fn needs(needs: &Needs) -> String {
    let mut parts = Vec::new();
    if needs.rows > 0 {
        parts.push(format!("{} rows", Quantity::count(needs.rows)));
    }
    if needs.disk_bytes > 0 {
        parts.push(format!("{} of disk", Quantity::bytes(needs.disk_bytes)));
    }
    if needs.memory_bytes > 0 {
        parts.push(format!("{} of memory", Quantity::bytes(needs.memory_bytes)));
    }
    format!("needs {}", parts.join(" · "))
}

/// Value and, where it was repeated, its interval.
pub(super) fn spread(measurement: &Measurement) -> String {
    let value = paint(BOLD, &measurement.value.to_string());
    if measurement.samples <= 1 {
        return value;
    }
    format!("{value} {}", paint(DIM, &interval(measurement)))
}

fn interval(measurement: &Measurement) -> String {
    let unit = measurement.value.unit;
    let [low, high] =
        [measurement.low, measurement.high].map(|value| Quantity { value, unit }.to_string());
    format!("[{low} to {high}, n = {}]", measurement.samples)
}

fn lower(lower: &Measurement, higher: &Measurement) -> String {
    let factor = Quantity::times(higher.value.value / lower.value.value.max(f64::MIN_POSITIVE));
    format!("{} is lower, by {factor}", lower.label)
}

/// Both variants with their intervals, and which is lower.
pub(super) fn comparison(comparison: &Comparison) -> String {
    let Comparison { label, left, right, verdict, .. } = comparison;
    let name = letters(&left.label).max(letters(&right.label));
    let value = [left, right].map(|side| letters(&side.value.to_string())).into_iter().max();
    let value = value.unwrap_or(0);
    let mut text = format!("{label}\n");
    for side in [left, right] {
        let interval = paint(DIM, &interval(side));
        text.push_str(&format!(
            "  {:<name$}  {:>value$}  {interval}\n",
            side.label,
            side.value.to_string()
        ));
    }
    text.push_str("  ");
    text.push_str(&match verdict {
        Lower::NoVerdict => paint(WARN, "no verdict: the intervals overlap"),
        Lower::Left => paint(ACCENT, &lower(left, right)),
        Lower::Right => paint(ACCENT, &lower(right, left)),
    });
    text
}
