//! What changed between two runs that differ by one switch.
//!
//! Counts decide, times are left out: they differ between any two runs.

use evidence::{Cell, Measurement, Quantity, Switch, Unit};
use maud::{Markup, html};

use super::events::ladder_table;
use super::view::{Check, Item, Ladder, RunView};

/// Verdicts, claims, ladders and values, before on the left and after on the right.
pub(super) fn side_by_side(switch: &Switch, before: &RunView, after: &RunView) -> Markup {
    let claims = claims(before, after);
    let (changed, same): (Vec<_>, Vec<_>) =
        claims.into_iter().partition(|claim| claim.before.passed != claim.after.passed);
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
                    span { (claim.after.claim) " " code.id { (claim.after.id) } }
                } } }
            }
            (ladders(before, after))
            (values(before, after))
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
                @if !silent.is_empty() { " Expected to break and did not: " (silent.join(", ")) "." }
                @if !surprising.is_empty() { " Broke unexpectedly: " (surprising.join(", ")) "." }
            }
        }
    }
}

fn pair(Claim { before, after }: &Claim<'_>) -> Markup {
    let side = |check: &Check, when: &str| {
        html! {
            div.side.held[check.passed].broken[!check.passed] {
                span.mark aria-hidden="true" { (mark(check.passed)) }
                p {
                    span.hidden { (when) (if check.passed { ", held: " } else { ", did not hold: " }) }
                    (check.claim)
                }
            }
        }
    };
    html! {
        li data-claim=(after.id) {
            code.id { (after.id) }
            div.beside { (side(before, "Before")) (side(after, "After")) }
        }
    }
}

fn ladders(before: &RunView, after: &RunView) -> Markup {
    let of = |run: &'_ RunView| -> Vec<Ladder> {
        run.items()
            .filter_map(|item| if let Item::Ladder(one) = item { Some(one.clone()) } else { None })
            .collect()
    };
    let pairs: Vec<(Ladder, Ladder)> = of(before).into_iter().zip(of(after)).collect();
    let changed = pairs.iter().filter(|(before, after)| !changed_rungs(before, after).is_empty());
    html! {
        @for (before, after) in changed {
            h3 { (after.title) }
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

fn values(before: &RunView, after: &RunView) -> Markup {
    let changed: Vec<(&Measurement, Quantity)> = measurements(after)
        .filter(|one| counts(one.value.unit))
        .filter_map(|one| {
            let before = measurements(before).find(|other| other.id == one.id)?.value;
            (before != one.value).then_some((one, before))
        })
        .collect();
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

fn measurements(run: &RunView) -> impl Iterator<Item = &Measurement> {
    run.items().flat_map(|item| match item {
        Item::Measurements(list) => list.as_slice(),
        _ => &[],
    })
}
