//! The page of one answer: say it, show it, run it, and know when it is wrong.

use actix_web::{HttpRequest, HttpResponse, web};
use error_handling::Problem;
use evidence::Answer;
use maud::{Markup, PreEscaped, html};

use super::digest::{self, Digest};
use super::layout::Page;
use super::markdown::{self, Context};
use super::story::{self, Origin};
use super::{Built, Study, asked, assets, panel, predict, problems};
use crate::answers::switches;
use crate::questions::{self, QUESTIONS, Question};

/// Sections after the demo: heading in the README, and in the line of jump links.
const REST: [(&str, &str); 5] = [
    ("The tempting wrong version", "Tempting version"),
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
    let title = asked(answer);
    let context = digest.context(answer);
    let story = your_story(&study, (answer, digest));
    let main = html! {
        (hero(&study, (answer, digest), title, context))
        div.with-nav {
            (jump_links(digest, story.is_some()))
            article.answer data-slug=(answer.slug) {
                (say_it(digest, context))
                @if let Some(story) = story { section #story { h2 { "Your story" } (story) } }
                section #show { h2 { "Show it" } (digest.show) (call_it(answer, digest)) }
                section #run {
                    h2 { "Run it" }
                    (predict::cards(digest))
                    (panel::panel(&study, answer, digest))
                    (panel::recorded(digest))
                    h3 { "In a terminal" }
                    (markdown::blocks(&digest.run_it(), context))
                }
                @for (heading, _) in REST { (rest(answer, digest, heading, context)) }
                (neighbours(&study, answer))
            }
        }
    };
    Ok(Page {
        title,
        about: "An interview answer with code that runs and numbers that were measured.",
        part: "/",
        scripts: &["copy.js", "run.js", "predict.js"],
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
    let svg = study.find(&slug).and_then(|(_, digest)| digest::recorded_picture(digest, &id));
    Ok(assets::picture(&request, svg.ok_or_else(|| Problem::not_found("picture"))?))
}

/// The story with the numbers of this machine, if the demo ever ran here.
fn your_story(study: &Study, (answer, digest): Built<'_>) -> Option<Markup> {
    let here = study
        .runs
        .measured(answer.slug, |run| story::section(&digest.readme, run, Origin::Here))
        .flatten();
    here.or_else(|| story::section(&digest.readme, &digest.recorded_run, Origin::Recorded))
}

fn hero(study: &Study, (answer, digest): Built<'_>, title: &str, context: Context<'_>) -> Markup {
    let (prose, with_code) = digest.minutes;
    let here = study.runs.measured(answer.slug, |run| {
        format!("{} of {} claims held here on {}", run.passed, run.passed + run.failed, run.day())
    });
    html! {
        header.hero {
            p.eyebrow { a href="/" { "Question " (answer.number) " of " (QUESTIONS.len()) } }
            h1 { (title) }
            @if let Some(text) = digest.readme.section("Question") {
                div.lead { (markdown::blocks(text, context)) }
            }
            ul.facts {
                @if let Some(Question { listens_for, level, .. }) = questions::by_slug(answer.slug) {
                    li.listens { span.fact-name { "They listen for" } " " (listens_for) }
                    li { span.fact-name { "Level" } " " (level.word()) "; what a senior adds is marked" }
                }
                li { span.fact-name { "To read" } " " (prose) " min, " (with_code) " with the code" }
                @if let Some(here) = here {
                    li { span.fact-name { "Proof" } " " (here) }
                } @else if let Some((held, made)) = digest.tally {
                    li { span.fact-name { "Proof" } " " (held) " of " (made) " claims held when recorded on " time { (digest.recorded_on) } }
                }
                li { a href={ "/practice/" (answer.slug) } { "Practise it" } }
            }
        }
    }
}

fn jump_links(digest: &Digest, has_story: bool) -> Markup {
    html! {
        nav.jump aria-label="On this page" {
            ol {
                li { a href="#say" { "Say it" } }
                @if has_story { li { a href="#story" { "Your story" } } }
                li { a href="#show" { "Show it" } }
                li { a href="#run" { "Run it" } }
                @for (heading, short) in REST {
                    @if digest.readme.section(heading).is_some() {
                        li { a href={ "#" (markdown::slug(heading)) } { (short) } }
                    }
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
            }
            @if !digest.stamp.is_empty() {
                p.footnote { span.measured { "Underlined" } " numbers were measured by the recorded run: " (digest.stamp) }
            }
        }
    }
}

/// READMEs begin what a senior adds with that word; the page sets it apart.
fn with_senior_marked(html: &Markup) -> Markup {
    PreEscaped(html.0.replace("<p><strong>Senior", "<p class=\"senior\"><strong>Senior"))
}

fn call_it(answer: &Answer, digest: &Digest) -> Markup {
    html! {
        @if digest.endpoints > 0 {
            p.call-it {
                "This answer serves " (digest.endpoints)
                (if digest.endpoints == 1 { " endpoint" } else { " endpoints" }) " right here: "
                a href={ "/try#" (answer.slug) } { "try them" } "."
            }
        }
    }
}

fn rest(answer: &Answer, digest: &Digest, heading: &str, context: Context<'_>) -> Markup {
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
                @for switch in switches(answer) {
                    p.switch-link {
                        a href={ "/interviewer/" (answer.slug) "#" (switch.name) } { (switch.question) }
                        " Flip the switch and see what breaks."
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
