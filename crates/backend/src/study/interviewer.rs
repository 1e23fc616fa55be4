//! Interviewer mode: a follow-up is a switch that one flips; the demo runs again, and the page shows
//! what changed.
//!
//! Chosen, instead of telling what would happen: the same demo runs twice on this machine, once whole
//! and once with one thing taken away, and the claims that break are counted, not promised.

use actix_web::{HttpRequest, HttpResponse, web};
use error_handling::Problem;
use evidence::{Answer, Switch};
use maud::{Markup, html};

use super::digest::Digest;
use super::layout::Page;
use super::words::{self, with_code};
use super::{Built, DemoPolicy, Study, asked, difference, problems};
use crate::answers::switches;

/// Every switch there is.
pub(super) async fn list(study: web::Data<Study>) -> HttpResponse {
    let with_switches = study.answers.iter().filter(|answer| !switches(answer).is_empty());
    let main = html! {
        header.hero {
            h1 { "Interviewer mode" }
            p.lead {
                "“And if you take that away?” Each follow-up here is a switch. Flip it: the demo runs without it, "
                "and you see which claims break, and which do not."
            }
        }
        section aria-labelledby="switches" {
            h2 #switches { "Take something away" }
            ol.rows {
                @for answer in with_switches { @for switch in switches(answer) { (row(answer, switch)) } }
            }
        }
    };
    Page {
        title: "Interviewer mode",
        about: "Flip a switch of a demo and see which claims break.",
        part: "/interviewer",
        main,
        ..Page::default()
    }
    .respond()
}

fn row(answer: &'static Answer, switch: &Switch) -> Markup {
    html! {
        li.row {
            span.number aria-hidden="true" { (answer.number) }
            div.row-text {
                h3 { a href={ "/interviewer/" (answer.slug) "#" (switch.name) } { (switch.question) } }
                p.listens { (asked(answer)) }
            }
            ul.row-facts { li { (breaks(switch)) } }
        }
    }
}

fn breaks(switch: &Switch) -> String {
    match switch.breaks.len() {
        1 => "1 claim breaks".to_owned(),
        count => format!("{count} claims break"),
    }
}

/// The switches of one answer.
pub(super) async fn page(
    request: HttpRequest,
    study: web::Data<Study>,
    slug: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = study.find(&slug).filter(|(answer, _)| !switches(answer).is_empty());
    let Some((answer, digest)) = found else { return problems::missing(&request, "switch") };
    let main = html! {
        header.hero.small {
            p.eyebrow { a href="/interviewer" { "Interviewer mode" } " · " a href={ "/answers/" (answer.slug) } { "question " (answer.number) } }
            h1 { (asked(answer)) }
        }
        @for (index, switch) in switches(answer).iter().enumerate() {
            (one(&study, (answer, digest), switch, index == 0))
        }
    };
    Ok(Page {
        title: "Interviewer mode",
        about: "Flip a switch of a demo and see which claims break.",
        part: "/interviewer",
        scripts: &["interviewer.js"],
        main,
    }
    .respond())
}

/// One switch. The page has one place for the run as it goes, which moves to the switch that is flipped.
fn one(
    study: &Study,
    (answer, digest): Built<'_>,
    switch: &'static Switch,
    has_place: bool,
) -> Markup {
    let run = study.runs.latest(answer.slug, Some(switch.name));
    let goes_on = run.filter(|run| !run.is_over).map(|run| run.number);
    let changed = study.runs.pair(answer.slug, switch.name, |before, after| {
        difference::side_by_side(switch, before, after)
    });
    html! {
        section.switch id=(switch.name) aria-labelledby={ "ask-" (switch.name) } data-run=[goes_on] {
            h2 id={ "ask-" (switch.name) } { (switch.question) }
            p { (switch.change) }
            (expected(switch, digest))
            (flip(study, answer, switch))
            @if has_place { (place()) }
            div.comparison-place id={ "changed-" (switch.name) } { @if let Some(changed) = changed { (changed) } }
        }
    }
}

/// What should break, in the words of the recorded run, in which it held.
fn expected(switch: &Switch, digest: &Digest) -> Markup {
    html! {
        details.expected {
            summary { "Expected: " (breaks(switch)) }
            ul {
                @for id in switch.breaks {
                    @match digest.checks.get(*id) {
                        Some((_, claim)) => li { (with_code(claim)) },
                        None => li { (words::of_id(id)) },
                    }
                }
            }
        }
    }
}

fn place() -> Markup {
    html! {
        div.follow-place #follow {
            p.run-line { span role="status" { span #run-status-text {} } span #run-tally {} }
            p.notice.problem #run-problem role="alert" hidden {}
            div #run-queue {}
            details.as-it-goes hidden {
                summary { "The run as it goes" }
                div #live {}
            }
        }
    }
}

fn flip(study: &Study, answer: &Answer, switch: &Switch) -> Markup {
    html! {
        @if study.policy == DemoPolicy::Nobody {
            p.notice {
                "This server listens beyond its own machine, so demos are not run from the page. In a checkout: "
                code { "make demo Q=" (answer.slug) " SCALE=quick ARGS='--switch " (switch.name) "'" }
            }
        } @else {
            form.flip method="post" action={ "/answers/" (answer.slug) "/runs" } {
                input type="hidden" name="switch" value=(switch.name);
                input type="hidden" name="scale" value="quick";
                button.primary type="submit" { "Flip the switch and run" }
                button.stop type="button" hidden { "Stop" }
                span.hint { "Runs the demo as it is, unless that was just done, and then with the switch flipped: about ten seconds." }
            }
            noscript { p.notice { "Without JavaScript, reload this page after the runs." } }
        }
    }
}
