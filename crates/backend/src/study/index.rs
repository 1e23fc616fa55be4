//! The front page: all eighteen questions, a search over them, and one first step.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use maud::{Markup, html};

use super::layout::Page;
use super::search::Query;
use super::{Built, Study, asked};
use crate::questions::{self, QUESTIONS, Question};

/// The page; `?q=` leaves the questions that hold every word.
pub(super) async fn page(
    study: web::Data<Study>,
    query: web::Query<BTreeMap<String, String>>,
) -> HttpResponse {
    let query = Query::parse(query.get("q").map_or("", String::as_str));
    let main = html! {
        header.hero {
            h1 { "Do not tell them. Show your work." }
            p.lead {
                "Eighteen back-end interview questions, answered with Rust that runs: the wrong way failing, "
                "the right way passing, and the number you may quote, measured on your own machine."
            }
        }
        @if query.is_empty() { (first_step(&study)) }
        section.questions aria-labelledby="questions" {
            div.questions-head {
                h2 #questions { "Questions" }
                (search_form(&query))
            }
            p.progress-line #progress-summary hidden {}
            (results(&study, &query))
        }
    };
    let about = "Eighteen back-end interview questions answered with Rust that runs.";
    let scripts = &["progress.js", "search.js"];
    Page { title: "Questions", about, part: "/", scripts, main }.respond()
}

/// One thing to do, instead of eighteen to choose from.
fn first_step(study: &Study) -> Markup {
    let built = study.find(questions::FIRST).or_else(|| study.find(study.answers.first()?.slug));
    let Some((answer, _)) = built else { return Markup::default() };
    let minutes = || study.questions().filter_map(|(_, built)| Some(built?.1.minutes.0));
    let (least, most) = (minutes().min().unwrap_or_default(), minutes().max().unwrap_or_default());
    html! {
        section.first-step aria-labelledby="first-step" {
            div {
                h2 #first-step { "New here? Start with one." }
                p {
                    strong { (asked(answer)) ":" } " read the thirty seconds, guess the number, and run its demo: it takes about five seconds. "
                    "Every other answer is built the same way and takes " (least) " to " (most) " minutes to read."
                }
            }
            a.button.primary #start href={ "/answers/" (answer.slug) } { "Start with question " (answer.number) }
        }
    }
}

fn search_form(query: &Query) -> Markup {
    html! {
        form.search #search role="search" method="get" action="/" {
            label.hidden for="q" { "Search questions and answers" }
            input #q type="search" name="q" value=(query.text) placeholder="Search, for example: index" autocomplete="off" maxlength="120";
            button type="submit" { "Search" }
        }
    }
}

/// The list, which a script replaces as a whole while somebody types.
fn results(study: &Study, query: &Query) -> Markup {
    let found: Vec<_> = study
        .questions()
        .filter(|(question, built)| query.matches(question, built.as_ref().map(|built| built.1)))
        .collect();
    html! {
        div #results {
            p.result-count role="status" {
                @if !query.is_empty() {
                    (found.len()) " of " (QUESTIONS.len()) (if found.len() == 1 { " holds " } else { " hold " }) q { (query.text) } ". " a href="/" { "Show all" }
                }
            }
            ol.rows {
                @for (question, built) in found {
                    @match built {
                        Some(built) => (row(study, question, built, query)),
                        None => (open_row(question)),
                    }
                }
            }
        }
    }
}

fn row(study: &Study, question: &Question, (answer, digest): Built<'_>, query: &Query) -> Markup {
    html! {
        li.row data-slug=(answer.slug) {
            span.number aria-hidden="true" { (question.number) }
            div.row-text {
                h3 { a href={ "/answers/" (answer.slug) } { (question.title) } }
                p.listens { (question.listens_for) }
                (found_in(answer.slug, &query.sections(&digest.readme)))
            }
            ul.row-facts {
                li { (question.level.word()) }
                li { (digest.minutes.0) " min" }
                (verdict(study, (answer, digest)))
                li.own-progress data-progress=(answer.slug) hidden {}
            }
        }
    }
}

fn found_in(slug: &str, sections: &[(String, String)]) -> Markup {
    html! {
        @if !sections.is_empty() {
            p.found {
                "in "
                @for (index, (heading, id)) in sections.iter().enumerate() {
                    @if index > 0 { ", " }
                    a href={ "/answers/" (slug) "#" (id) } { (heading) }
                }
            }
        }
    }
}

/// The last verdict: of this machine if it ever ran here, else of the recording.
fn verdict(study: &Study, (answer, digest): Built<'_>) -> Markup {
    let here = study.runs.measured(answer.slug, |run| {
        let day = run.day().to_owned();
        (run.failed == 0 && run.passed > 0, run.passed, run.passed + run.failed, day)
    });
    html! {
        @match (here, digest.tally) {
            (Some((passed, held, made, day)), _) => {
                li.verdict-here.held[passed].broken[!passed] {
                    (if passed { "✓ " } else { "✗ " }) (held) " of " (made) " claims held here, " time { (day) }
                }
            }
            (None, Some((held, made))) => {
                li.verdict-recorded { "recorded: " (held) " of " (made) " claims held" }
            }
            (None, None) => li { "no run recorded yet" },
        }
    }
}

fn open_row(question: &Question) -> Markup {
    html! {
        li.row.open {
            span.number aria-hidden="true" { (question.number) }
            div.row-text {
                h3 { (question.title) }
                p.listens { (question.listens_for) }
            }
            ul.row-facts { li { (question.level.word()) } li { span.not-built { "not built yet" } } }
        }
    }
}
