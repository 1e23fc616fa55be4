//! The page of one answer: say it, show it, call it, run it, and know when it is wrong.

use actix_web::{HttpRequest, HttpResponse, web};
use error_handling::Problem;
use evidence::Answer;
use maud::{Markup, PreEscaped, html};

use super::digest::{self, Digest};
use super::layout::Page;
use super::markdown::{self, Context};
use super::{Study, api, assets, panel, problems};
use crate::questions::{self, Question};

/// Sections after the demo: heading in the README, and in the line of jump links.
const REST: [(&str, &str); 5] = [
    ("The tempting wrong version", "Tempting, and wrong"),
    ("Why this, not that", "Why"),
    ("When this answer is wrong", "When wrong"),
    ("Follow-ups", "Follow-ups"),
    ("Left out", "Left out"),
];

/// The page.
pub(super) async fn page(
    request: HttpRequest,
    study: web::Data<Study>,
    slug: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let Some((answer, digest)) = study.find(&slug) else {
        return problems::missing(&request, "answer");
    };
    let host = request.connection_info().host().to_owned();
    let title = asked(answer);
    let context = digest.context(answer);
    let main = html! {
        article.answer {
            (hero(answer, digest, title, context))
            (jump_links(digest))
            (say_it(digest, context))
            section.wide #show { h2 { "Show it" } (digest.show) }
            @if !digest.endpoints.is_empty() {
                section #call { h2 { "Call it" } (api::panel(&digest.endpoints, &host)) }
            }
            section #run {
                h2 { "Run it" }
                (markdown::blocks(&digest.run_it(), context))
                (panel::panel(&study, answer, digest))
                (panel::recorded(digest))
            }
            @for (heading, _) in REST { (rest(digest, heading, context)) }
            (neighbours(&study, answer))
        }
    };
    Ok(Page {
        title,
        about: "An interview answer with code that runs and numbers that were measured.",
        main,
    }
    .respond())
}

/// A chart of the recorded run.
pub(super) async fn recorded_picture(
    request: HttpRequest,
    study: web::Data<Study>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (slug, id) = path.into_inner();
    let svg = study.find(&slug).and_then(|(answer, _)| digest::recorded_picture(answer, &id));
    Ok(assets::picture(&request, svg.ok_or_else(|| Problem::not_found("picture"))?))
}

/// The question as it is asked.
fn asked(answer: &'static Answer) -> &'static str {
    questions::by_slug(answer.slug).map_or(answer.title, |question| question.title)
}

fn hero(answer: &Answer, digest: &Digest, title: &str, context: Context<'_>) -> Markup {
    let (prose, with_code) = digest.minutes;
    html! {
        header.hero {
            p.eyebrow { a href="/" { "Question " (answer.number) " of " (questions::QUESTIONS.len()) } }
            h1 { (title) }
            @if let Some(text) = digest.readme.section("Question") {
                div.lead { (markdown::blocks(text, context)) }
            }
            ul.facts {
                @if let Some(Question { listens_for, .. }) = questions::by_slug(answer.slug) {
                    li.listens { span.fact-name { "They listen for" } " " (listens_for) }
                }
                li { span.fact-name { "To read" } " " (prose) " min, " (with_code) " with the code below" }
                li { span.fact-name { "Level" } " starts at junior; what a senior adds is marked" }
                @if let Some((held, made)) = digest.tally {
                    li { span.fact-name { "Proof" } " " (held) " of " (made) " claims held on " time { (digest.recorded_on) } }
                }
            }
        }
    }
}

fn jump_links(digest: &Digest) -> Markup {
    html! {
        nav.jump aria-label="On this page" {
            a href="#say" { "Say it" }
            a href="#show" { "Show it" }
            @if !digest.endpoints.is_empty() { a href="#call" { "Call it" } }
            a href="#run" { "Run it" }
            @for (heading, short) in REST {
                @if digest.readme.section(heading).is_some() {
                    a href={ "#" (markdown::slug(heading)) } { (short) }
                }
            }
        }
    }
}

fn say_it(digest: &Digest, context: Context<'_>) -> Markup {
    html! {
        section #say {
            h2 { "Say it" }
            div.spoken {
                @for heading in evidence::readme::SPOKEN {
                    @if let Some(text) = digest.readme.spoken(heading) {
                        section class={ "speech " (markdown::slug(heading)) } {
                            h3 { (heading) }
                            (with_senior_marked(&markdown::blocks(&text, context)))
                        }
                    }
                }
                @if !digest.stamp.is_empty() {
                    p.footnote { span.measured { "Underlined" } " numbers were measured by the recorded run: " (digest.stamp) }
                }
            }
        }
    }
}

/// READMEs begin what a senior adds with that word; the page sets it apart.
fn with_senior_marked(html: &Markup) -> Markup {
    PreEscaped(html.0.replace("<p><strong>Senior", "<p class=\"senior\"><strong>Senior"))
}

fn rest(digest: &Digest, heading: &str, context: Context<'_>) -> Markup {
    let Some(text) = digest.readme.section(heading) else { return Markup::default() };
    html! {
        section id=(markdown::slug(heading)) {
            h2 { (heading) }
            @if heading == "Follow-ups" {
                @for follow_up in digest.readme.follow_ups() {
                    details.follow-up {
                        summary { (markdown::inline(&follow_up.question, context)) }
                        (markdown::blocks(&follow_up.answer, context))
                    }
                }
            } @else { (markdown::blocks(text, context)) }
        }
    }
}

fn neighbours(study: &Study, answer: &Answer) -> Markup {
    let at = study.answers.iter().position(|one| one.slug == answer.slug).unwrap_or_default();
    let previous = at.checked_sub(1).and_then(|at| study.answers.get(at));
    let next = study.answers.get(at + 1);
    html! {
        nav.neighbours aria-label="Other answers" {
            @if let Some(one) = previous { a rel="prev" href={ "/answers/" (one.slug) } { "← " (asked(one)) } }
            @if let Some(one) = next { a.next rel="next" href={ "/answers/" (one.slug) } { (asked(one)) " →" } }
        }
    }
}
