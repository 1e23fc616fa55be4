//! Practice: a question, a clock, the answer hidden, and what the interviewer listens for.
//!
//! The pages hold everything; a script keeps the time and, in the browser alone, what was missed.

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use error_handling::Problem;
use evidence::Answer;
use maud::{Markup, html};
use rand::seq::IndexedRandom;

use super::digest::Digest;
use super::layout::Page;
use super::{Study, markdown, problems};
use crate::questions::{self, Question};

/// Follow-ups asked one after the other.
const DEPTH: usize = 3;

/// The list of what there is to practise.
pub(super) async fn list(study: web::Data<Study>) -> HttpResponse {
    let main = html! {
        header.hero {
            h1 { "Practice" }
            p.lead {
                "Say it aloud, against the clock, before you look. What you missed comes back at once. What you said "
                "moves one box up and rests longer: a day, three days, a week, two weeks, a month."
            }
            p.actions {
                a.button.primary #draw href="/practice/random" { "Draw a question" }
                span.hint #due-summary {}
            }
        }
        section aria-labelledby="choose" {
            h2 #choose { "Or choose one" }
            ol.rows {
                @for (question, built) in study.questions() {
                    @if built.is_some() { (row(question)) }
                }
            }
        }
        (memory())
        noscript { p.notice { "The clock and the memory of what you missed need JavaScript; the questions do not." } }
    };
    Page {
        title: "Practice",
        about: "Practise back-end interview questions against the clock.",
        part: "/practice",
        scripts: &["practice-list.js"],
        main,
    }
    .respond()
}

fn row(question: &Question) -> Markup {
    html! {
        li.row data-slug=(question.slug) {
            span.number aria-hidden="true" { (question.number) }
            div.row-text { h3 { a href={ "/practice/" (question.slug) } { (question.title) } } }
            ul.row-facts { li { (question.level.word()) } li data-box=(question.slug) {} }
        }
    }
}

/// What the browser remembers, and how to take it along or to forget it.
fn memory() -> Markup {
    html! {
        section.memory #memory aria-labelledby="memory-heading" hidden {
            h2 #memory-heading { "Your progress" }
            p { "It is kept in this browser and nowhere else." }
            p.actions {
                button #export type="button" { "Export" }
                input.hidden #import type="file" accept="application/json,.json";
                label.button for="import" { "Import" }
                button #clear type="button" { "Clear" }
            }
            p role="status" #memory-status {}
        }
    }
}

/// Sends to any question that is built.
pub(super) async fn random(study: web::Data<Study>) -> Result<HttpResponse, Problem> {
    let one = study.answers.choose(&mut rand::rng());
    let one = one.ok_or_else(|| Problem::not_found("answer"))?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, format!("/practice/{}", one.slug)))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish())
}

/// One question.
pub(super) async fn page(
    request: HttpRequest,
    study: web::Data<Study>,
    slug: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = study.find(&slug).and_then(|built| Some((built, questions::by_slug(&slug)?)));
    let Some(((answer, digest), question)) = found else {
        return problems::missing(&request, "question");
    };
    let main = html! {
        div.practice #practice data-slug=(answer.slug) {
            header.hero.small {
                p.eyebrow { a href="/practice" { "Practice" } " · question " (question.number) " · " (question.level.word()) }
                h1 { (question.title) }
                (clock())
            }
            (hidden_answer(answer, digest))
            (checklist(question))
            (deeper(answer, digest))
            (judge())
        }
    };
    Ok(Page {
        title: question.title,
        about: "Practise one question against the clock.",
        part: "/practice",
        scripts: &["practice.js"],
        main,
    }
    .respond())
}

fn clock() -> Markup {
    html! {
        div.clock hidden #clock {
            fieldset.choices {
                legend { "Time to answer" }
                @for (seconds, name) in [(30, "30 seconds"), (120, "Two minutes")] {
                    label.choice {
                        input type="radio" name="seconds" value=(seconds) checked[seconds == 30];
                        (name)
                    }
                }
            }
            p.time { span #time role="timer" aria-label="Time left" { "0:30" } }
            button.primary #clock-start type="button" { "Start" }
            p.hidden role="status" #clock-status {}
        }
    }
}

fn hidden_answer(answer: &Answer, digest: &Digest) -> Markup {
    let context = digest.context(answer);
    html! {
        section aria-labelledby="answer-heading" {
            h2.hidden #answer-heading { "The answer" }
            details.hidden-answer #answer {
                summary { "Show the answer" }
                @for heading in evidence::readme::SPOKEN {
                    @if let Some(text) = digest.readme.spoken(heading) {
                        div.speech { h3 { (heading) } (markdown::blocks(&text, context)) }
                    }
                }
                p { a href={ "/answers/" (answer.slug) } { "The whole answer, with code and proof" } }
            }
        }
    }
}

fn checklist(question: &Question) -> Markup {
    html! {
        section.checklist aria-labelledby="listens" {
            h2 #listens { "Did they hear it?" }
            p.hint { "What the interviewer listens for. Tick what you said." }
            fieldset {
                legend.hidden { "What you said" }
                @for (index, part) in question.checklist().enumerate() {
                    label.tick { input type="checkbox" name="heard" value=(index); (part) }
                }
            }
        }
    }
}

/// Each one opens the next, as in an interview that goes well.
fn deeper(answer: &Answer, digest: &Digest) -> Markup {
    let context = digest.context(answer);
    let follow_ups = digest.readme.follow_ups();
    html! {
        section.deeper aria-labelledby="deeper" {
            h2 #deeper { "And then they ask" }
            ol.depths {
                @for one in follow_ups.iter().take(DEPTH) {
                    li.depth {
                        details.follow-up {
                            summary { (markdown::inline(&one.question, context)) }
                            (markdown::blocks(&one.answer, context))
                        }
                    }
                }
            }
        }
    }
}

fn judge() -> Markup {
    html! {
        section.judge #judge aria-labelledby="judge-heading" hidden {
            h2 #judge-heading { "How did it go?" }
            p.actions {
                button type="button" data-grade="missed" { "Missed it" }
                button type="button" data-grade="partly" { "Partly" }
                button type="button" data-grade="said" { "Said it" }
            }
            p role="status" #judge-status {}
            p.actions { a.button #next href="/practice/random" { "Next question" } }
        }
    }
}
