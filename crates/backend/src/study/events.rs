//! A run as HTML, the same for the live page and the recorded run.

mod chart;
mod items;
mod ladder;
mod values;

use evidence::{Quantity, Unit, Verdict};
use maud::{Markup, html};

use super::view::{Change, Finished, RunView, Started, Step};
use super::words::with_code;
use items::{Guesses, item};

pub(super) use ladder::ladder_table;

/// Where a run stands on its page.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Beginning of every element id, as a page may hold a live and a recorded run.
    pub(super) prefix: &'static str,
    pub(super) pictures: Pictures,
}

/// Where the pictures of a run are.
#[derive(Clone, Debug)]
pub(super) enum Pictures {
    /// Each at an address below this one.
    Below(String),
    /// Inside the page, which then needs nothing but itself.
    Inside,
}

/// A whole run.
pub(super) fn whole(view: &RunView, place: &Place) -> Markup {
    let prefix = place.prefix;
    html! {
        div.run id=(prefix) {
            (head(view, place))
            div.steps id={ (prefix) "-steps" } {
                @for (index, one) in view.steps.iter().enumerate() { (step(one, index, &view.guesses, place)) }
            }
            (ending(view, place))
        }
    }
}

/// The elements that a change touched. Each replaces the element of its id, or is added to the
/// one that `data-into` names.
pub(super) fn changed(view: &RunView, change: Change, place: &Place) -> Markup {
    match change {
        Change::Head => html! { (head(view, place)) (status(view)) },
        Change::Step(at) => {
            html! { (step(&view.steps[at], at, &view.guesses, place)) (status(view)) }
        }
        Change::Item(at, index) => {
            html! { (item(&view.steps[at].items[index], (at, index), &view.guesses, place)) (tally(view)) }
        }
        Change::End => html! { (ending(view, place)) (status(view)) (tally(view)) },
    }
}

/// What a screen reader is told, once per step and at the end; never for progress.
pub(super) fn status(view: &RunView) -> Markup {
    html! {
        span #run-status-text {
            @match (&view.finished, view.steps.last()) {
                (Some(end), _) => {
                    (verdict_word(end.verdict)) ": " (claims(view)) "."
                }
                (None, Some(step)) if !step.title.is_empty() => { "Running: " (step.title) }
                (None, _) => { "The run is starting." }
            }
        }
    }
}

/// The runs in front of one that waits; empty once it is its turn.
pub(super) fn queue(ahead: &[String]) -> Markup {
    html! {
        div #run-queue {
            @if !ahead.is_empty() {
                p.notice {
                    "Waiting: one demo runs at a time, and " (ahead.len())
                    (if ahead.len() == 1 { " is" } else { " are" }) " in front of this one."
                }
                ol.queue { @for name in ahead { li { (name) } } }
            }
        }
    }
}

/// How many claims held so far; at the end the verdict says so.
pub(super) fn tally(view: &RunView) -> Markup {
    html! {
        span #run-tally {
            @if view.finished.is_none() && view.passed + view.failed > 0 {
                (claims(view))
            }
        }
    }
}

fn claims(view: &RunView) -> String {
    match view.passed + view.failed {
        0 => "no claim was put to the test".to_owned(),
        made => format!("{} of {made} claims held", view.passed),
    }
}

fn head(view: &RunView, place: &Place) -> Markup {
    html! {
        p.stamp id={ (place.prefix) "-head" } {
            @if let Some(Started { scale, seed, machine, switches }) = &view.started {
                "scale " (scale) " · seed " (seed) " · " (machine.line())
                @for name in switches { " · flipped: " (name) }
                @if machine.profile == "debug" {
                    " " strong { "Debug build: counts hold, times mean little." }
                }
            }
        }
    }
}

fn step(step: &Step, index: usize, guesses: &Guesses, place: &Place) -> Markup {
    let id = format!("{}-step-{index}", place.prefix);
    html! {
        section.step id=(id) data-into={ (place.prefix) "-steps" } {
            @if !step.title.is_empty() { h4 { (with_code(&step.title)) } }
            div.items id={ (id) "-items" } {
                @for (at, one) in step.items.iter().enumerate() {
                    (item(one, (index, at), guesses, place))
                }
            }
        }
    }
}

fn ending(view: &RunView, place: &Place) -> Markup {
    html! {
        div id={ (place.prefix) "-ending" } {
            @if let Some(end) = &view.finished { (verdict(view, end)) }
        }
    }
}

fn verdict(view: &RunView, end: &Finished) -> Markup {
    let took = Quantity { value: end.seconds, unit: Unit::Seconds };
    html! {
        div class={ "verdict " (verdict_class(end.verdict)) } {
            p.verdict-line {
                span.mark aria-hidden="true" { (verdict_mark(end.verdict)) }
                strong { (verdict_word(end.verdict)) }
                span { (claims(view)) ", in " (took) }
            }
            @if let Some(error) = &end.error { p { (error) } }
            @if view.failed > 0 {
                p { "Did not hold:" }
                ul { @for check in view.checks().filter(|check| !check.passed) {
                    li { (with_code(&check.claim)) }
                } }
            }
            @if end.verdict == Verdict::Interrupted { p { "Scratch data are dropped." } }
        }
    }
}

fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "Passed",
        Verdict::Failed => "Failed",
        Verdict::Interrupted => "Stopped",
    }
}

fn verdict_class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Interrupted => "stopped",
    }
}

fn verdict_mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "✓",
        Verdict::Failed => "✗",
        Verdict::Interrupted => "■",
    }
}
