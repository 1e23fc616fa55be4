//! Every run in one HTML file that needs nothing else: verdicts, claims, charts, machine and commit.

use evidence::{Answer, Event, Quantity, Unit, Verdict};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::events::{self, Pictures, Place};
use super::view::RunView;
use super::{asked, assets, layout};
use crate::questions::QUESTIONS;

/// The run of one answer.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) answer: &'static Answer,
    pub(crate) events: Vec<Event>,
    /// Whether it was recorded earlier, instead of being run for the report.
    pub(crate) recorded: bool,
}

impl Part {
    /// Whether every claim held.
    pub(crate) fn has_passed(&self) -> bool {
        matches!(self.events.last(), Some(Event::Finished { verdict: Verdict::Passed, .. }))
    }
}

/// The file.
pub(crate) fn document(parts: &[Part]) -> String {
    let runs: Vec<(&Part, RunView)> =
        parts.iter().map(|part| (part, RunView::of(&part.events))).collect();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                (layout::about_itself("Report"))
                style { (PreEscaped(assets::styles())) }
            }
            body.report {
                main #main {
                    (summary(&runs))
                    @for (part, run) in &runs { (one(part, run)) }
                }
            }
        }
    }
    .0
}

fn summary(runs: &[(&Part, RunView)]) -> Markup {
    let live = || runs.iter().filter(|(part, _)| !part.recorded);
    let recorded = runs.len() - live().count();
    let stamp = live().chain(runs).find_map(|(_, run)| run.started.as_ref());
    let passed = runs.iter().filter(|(_, run)| has_passed(run)).count();
    html! {
        header.hero {
            p.eyebrow { "Show your work" }
            h1 { "Report" }
            p.lead { (passed) " of " (runs.len()) " demos passed, for " (QUESTIONS.len()) " questions." }
            @if recorded > 0 {
                p.notice.recorded-mark {
                    (recorded) (if recorded == 1 { " run is" } else { " runs are" })
                    " recorded: performed earlier, perhaps on another machine. Each is marked."
                }
            }
            @if let Some(started) = stamp { p.stamp { "scale " (started.scale) " · seed " (started.seed) " · " (started.machine.line()) } }
        }
        div.scroll tabindex="0" {
            table.report-summary {
                caption { "Verdicts" }
                thead { tr {
                    th.number scope="col" { "#" } th scope="col" { "Question" } th scope="col" { "Verdict" }
                    th.number scope="col" { "Claims" } th.number scope="col" { "Time" }
                } }
                tbody { @for (part, run) in runs { (row(part, run)) } }
            }
        }
    }
}

fn has_passed(run: &RunView) -> bool {
    run.finished.as_ref().is_some_and(|end| end.verdict == Verdict::Passed)
}

fn row(part: &Part, run: &RunView) -> Markup {
    let took =
        run.finished.as_ref().map(|end| Quantity { value: end.seconds, unit: Unit::Seconds });
    html! {
        tr {
            td.number { (part.answer.number) }
            th scope="row" { a href={ "#" (part.answer.slug) } { (asked(part.answer)) } }
            td class=(if has_passed(run) { "held" } else { "broken" }) {
                span.mark { (if has_passed(run) { "✓" } else { "✗" }) } (if has_passed(run) { " passed" } else { " failed" })
                (mark(part))
            }
            td.number { (run.passed) "/" (run.passed + run.failed) }
            td.number { @if let Some(took) = took { (took) } }
        }
    }
}

fn mark(part: &Part) -> Markup {
    html! { @if part.recorded { " " span.kind.recorded-kind { "recorded" } } }
}

fn one(part: &Part, run: &RunView) -> Markup {
    let place = Place { prefix: part.answer.slug, pictures: Pictures::Inside };
    let id = format!("{}-heading", part.answer.slug);
    html! {
        section.report-part aria-labelledby=(id) {
            h2 id=(id) { (part.answer.number) ". " (asked(part.answer)) (mark(part)) }
            @if run.started.is_some() { (events::whole(run, &place)) } @else { p.notice { "There is no run of this answer." } }
        }
    }
}
