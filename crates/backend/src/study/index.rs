//! The front page: all eighteen questions, those that are built first.

use actix_web::{HttpResponse, web};
use evidence::Answer;
use maud::{Markup, html};

use super::Study;
use super::digest::Digest;
use super::layout::Page;
use crate::questions::{QUESTIONS, Question};

/// The page.
pub(super) async fn page(study: web::Data<Study>) -> HttpResponse {
    let (built, open): (Vec<&Question>, Vec<&Question>) =
        QUESTIONS.iter().partition(|question| study.find(question.slug).is_some());
    let main = html! {
        header.hero {
            h1 { "Do not tell them. Show your work." }
            p.lead {
                "Eighteen back-end interview questions, answered with Rust that runs: the wrong way failing, "
                "the right way passing, and the number you may quote, measured on your own machine."
            }
        }
        (method())
        section aria-labelledby="built" {
            h2 #built { "Answers" span.count { (built.len()) " of " (QUESTIONS.len()) } }
            ol.answers {
                @for question in &built {
                    @if let Some((answer, digest)) = study.find(question.slug) { (card(question, answer, digest)) }
                }
            }
        }
        @if !open.is_empty() {
            section aria-labelledby="open" {
                h2 #open { "Not built yet" span.count { (open.len()) } }
                ol.open-questions { @for question in &open { (open_question(question)) } }
            }
        }
    };
    let about = "Eighteen back-end interview questions answered with Rust that runs.";
    Page { title: "Questions", about, main }.respond()
}

/// How an answer is meant to be used, in the order of its page.
fn method() -> Markup {
    let steps = [
        ("Say it", "Thirty seconds, then two minutes, in words you can speak."),
        ("Show it", "Each sentence beside the code it is about and the proof that it holds."),
        ("Run it", "The wrong way and the right way under one load, here and now."),
        ("Doubt it", "When this answer is wrong, and what was left out."),
    ];
    html! {
        ol.method aria-label="How to read an answer" {
            @for (name, text) in steps { li { strong { (name) } span { (text) } } }
        }
    }
}

fn card(question: &Question, answer: &Answer, digest: &Digest) -> Markup {
    html! {
        li.card {
            span.number aria-hidden="true" { (question.number) }
            div.card-text {
                h3 { a href={ "/answers/" (answer.slug) } { (question.title) } }
                p.listens { span.fact-name { "They listen for" } " " (question.listens_for) "." }
                ul.facts {
                    @if let Some((held, made)) = digest.tally {
                        li class=(if digest.passed { "held" } else { "broken" }) {
                            (if digest.passed { "✓ " } else { "✗ " })
                            (held) " of " (made) " claims held on " time { (digest.recorded_on) }
                        }
                    } @else { li { "no run recorded yet" } }
                    @if !digest.endpoints.is_empty() { li { (digest.endpoints.len()) " live endpoints" } }
                    li { (digest.minutes.0) " min to read" }
                }
            }
        }
    }
}

fn open_question(question: &Question) -> Markup {
    html! {
        li {
            span.number aria-hidden="true" { (question.number) }
            div.card-text {
                p.question { (question.title) }
                p.listens { (question.listens_for) }
            }
            span.not-built { "not built yet" }
        }
    }
}
