//! What changed between two runs that differ by one switch.
//!
//! Counts decide, times are left out: they differ between any two runs.

use evidence::{Cell, Measurement, Quantity, Switch, Unit};
use maud::{Markup, html};

use super::events::ladder_table;
use super::view::{Check, Ladder, RunView, Step};
use super::words::{self, with_code};

/// Verdicts, claims, ladders and values, before on the left and after on the right.
pub(super) fn side_by_side(switch: &Switch, before: &RunView, after: &RunView) -> Markup {
    let claims = claims(before, after);
    let (changed, same): (Vec<_>, Vec<_>) =
        claims.into_iter().partition(|claim| claim.before.passed != claim.after.passed);
    let steps = steps_of(before, after, &changed);
    html! {
        section.changed aria-label="What changed" {
            (verdicts(before, after))
            (expectation(switch, &changed))
            h3 { "Claims that changed" }
            ul.claim-pairs { @for claim in &changed { (pair(claim)) } }
            details {
                summary { (same.len()) " claims did not change" }
                ul.checks { @for claim in &same { li.held[claim.after.passed].broken[!claim.after.passed] {
                    span.mark aria-hidden="true" { (mark(claim.after.passed)) }
                    span { (with_code(&claim.after.claim)) }
                } } }
            }
            (ladders(&steps))
            (values(&steps))
        }
    }
}

struct Claim<'run> {
    before: &'run Check,
    after: &'run Check,
}

fn claims<'run>(before: &'run RunView, after: &'run RunView) -> Vec<Claim<'run>> {
    let of = |check: &'run Check| {
        let before = before.checks().find(|one| one.id == check.id)?;
        Some(Claim { before, after: check })
    };
    after.checks().filter_map(of).collect()
}

/// The steps, before and after, in which a claim changed: what differs elsewhere is chance.
fn steps_of<'run>(
    before: &'run RunView,
    after: &'run RunView,
    changed: &[Claim<'_>],
) -> Vec<(&'run Step, &'run Step)> {
    let holds = |step: &Step| {
        step.checks().any(|check| changed.iter().any(|claim| claim.after.id == check.id))
    };
    before.steps.iter().zip(&after.steps).filter(|(_, after)| holds(after)).collect()
}

fn mark(passed: bool) -> &'static str {
    if passed { "✓" } else { "✗" }
}

fn verdicts(before: &RunView, after: &RunView) -> Markup {
    let of = |name: &str, run: &RunView| {
        html! {
            p.side { strong { (name) } " " (run.passed) " of " (run.passed + run.failed) " claims held" }
        }
    };
    html! { div.beside { (of("Before", before)) (of("After", after)) } }
}

/// Whether exactly those claims broke that the switch announces.
fn expectation(switch: &Switch, changed: &[Claim<'_>]) -> Markup {
    let broken: Vec<&str> =
        changed.iter().filter(|one| !one.after.passed).map(|one| one.after.id.as_str()).collect();
    let silent: Vec<&str> =
        switch.breaks.iter().copied().filter(|id| !broken.contains(id)).collect();
    let surprising: Vec<&str> =
        broken.iter().copied().filter(|id| !switch.breaks.contains(id)).collect();
    let as_expected = silent.is_empty() && surprising.is_empty();
    html! {
        p.expectation.held[as_expected].broken[!as_expected] {
            @if as_expected {
                span.mark aria-hidden="true" { "✓" } " Exactly the expected claims broke."
            } @else {
                span.mark aria-hidden="true" { "!" }
                @if !silent.is_empty() { " Expected to break and did not: " (listed(&silent)) "." }
                @if !surprising.is_empty() { " Broke unexpectedly: " (listed(&surprising)) "." }
            }
        }
    }
}

fn listed(ids: &[&str]) -> String {
    ids.iter().map(|id| words::of_id(id)).collect::<Vec<_>>().join(", ")
}

fn pair(Claim { before, after }: &Claim<'_>) -> Markup {
    let side = |check: &Check, other: &Check, when: &str| {
        html! {
            div.side.held[check.passed].broken[!check.passed] {
                span.mark aria-hidden="true" { (mark(check.passed)) }
                p {
                    span.when { (when) (if check.passed { ": held" } else { ": did not hold" }) }
                    (with_differences(&check.claim, &other.claim))
                }
            }
        }
    };
    html! {
        li data-claim=(after.id) {
            div.beside { (side(before, after, "Before")) (side(after, before, "After")) }
        }
    }
}

/// A claim with the words set in bold that differ from the other one: the numbers, as a rule.
fn with_differences(claim: &str, other: &str) -> Markup {
    let (words, others): (Vec<_>, Vec<_>) =
        (claim.split(' ').collect(), other.split(' ').collect());
    if words.len() != others.len() {
        return with_code(claim);
    }
    html! {
        @for (index, (word, other)) in words.iter().zip(others).enumerate() {
            @if index > 0 { " " }
            @if *word == other { (word) } @else { strong { (word) } }
        }
    }
}

fn ladders(steps: &[(&Step, &Step)]) -> Markup {
    let pairs = steps.iter().flat_map(|(before, after)| before.ladders().zip(after.ladders()));
    let changed: Vec<(&Ladder, &Ladder)> =
        pairs.filter(|(before, after)| !changed_rungs(before, after).is_empty()).collect();
    html! {
        @if !changed.is_empty() { h3 { "Ladders that changed" } }
        @for (before, after) in changed {
            div.beside {
                @for (name, ladder) in [("Before", before), ("After", after)] {
                    div.side { p.side-name { (name) } (ladder_table(ladder, &changed_rungs(before, after))) }
                }
            }
        }
    }
}

/// Rungs with another count than before.
fn changed_rungs(before: &Ladder, after: &Ladder) -> Vec<usize> {
    let differs = |(one, other): (&Cell, &Cell)| match (one, other) {
        (Cell::Quantity(one), Cell::Quantity(other)) => counts(one.unit) && one != other,
        (Cell::Text(_), Cell::Text(_)) => false,
        _ => true,
    };
    let rungs = before.rungs.iter().zip(&after.rungs).enumerate();
    rungs
        .filter(|(_, (one, other))| one.cells.iter().zip(&other.cells).any(differs))
        .map(|(index, _)| index)
        .collect()
}

/// Whether a difference in this unit says something: times differ between any two runs.
fn counts(unit: Unit) -> bool {
    !matches!(unit, Unit::Seconds | Unit::PerSecond)
}

fn values(steps: &[(&Step, &Step)]) -> Markup {
    let pairs = steps.iter().flat_map(|(before, after)| {
        let of = |one: &Measurement| before.measurements().find(|other| other.id == one.id);
        after.measurements().filter_map(move |one| Some((one, of(one)?.value)))
    });
    let changed: Vec<(&Measurement, Quantity)> =
        pairs.filter(|(one, before)| counts(one.value.unit) && *before != one.value).collect();
    html! {
        @if !changed.is_empty() {
            h3 { "Values that changed" }
            div.scroll tabindex="0" {
                table.changed-values {
                    thead { tr { th scope="col" { "Value" } th.number scope="col" { "Before" } th.number scope="col" { "After" } } }
                    tbody { @for (one, before) in changed {
                        tr { th scope="row" { (one.label) } td.number { (before) } td.number { strong { (one.value) } } }
                    } }
                }
            }
        }
    }
}
