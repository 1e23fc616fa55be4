//! The demo: what to choose before it, the run that goes on, the run that was recorded.

use evidence::{Answer, Needs, Quantity, Scale};
use maud::{Markup, html};

use super::digest::Digest;
use super::{DemoPolicy, Study, asked};

/// Everything below "Run it" that has to do with runs.
pub(super) fn panel(study: &Study, answer: &'static Answer, digest: &Digest) -> Markup {
    let latest = study.runs.latest(answer.slug, None);
    let goes_on = latest.as_ref().filter(|run| !run.is_over).map(|run| run.number);
    html! {
        div.demo #demo data-run=[goes_on] {
            @if study.policy == DemoPolicy::Nobody {
                p.notice {
                    "This server listens beyond its own machine, so demos are not run from the page. "
                    "In a checkout: " code { "make demo Q=" (answer.slug) }
                }
            } @else { (form(answer, goes_on)) (elsewhere(study, answer)) }
            p.run-line {
                span role="status" { span #run-status-text {} }
                span #run-tally {}
            }
            p.notice.problem #run-problem role="alert" hidden {}
            @match latest {
                Some(run) => { (run.queue) (run.whole) },
                None => { div #run-queue {} div #live {} },
            }
            @if !digest.predictions.is_empty() { p.hint { "Your predictions above are judged by this run, too." } }
        }
    }
}

fn form(answer: &Answer, goes_on: Option<u64>) -> Markup {
    let stop = goes_on.map(|number| format!("/runs/{number}/stop"));
    html! {
        form.run-form #run-form method="post" action={ "/answers/" (answer.slug) "/runs" } {
            fieldset.scales {
                legend { "How much data" }
                @for scale in [Scale::Quick, Scale::Default, Scale::Full] {
                    label.scale {
                        input type="radio" name="scale" value=(scale) checked[scale == Scale::Quick];
                        span.scale-name { (scale) }
                        span.scale-time { (time(scale)) }
                        span.scale-needs { (needs(&(answer.needs)(scale))) }
                    }
                }
            }
            div.run-buttons {
                button.primary #run-start type="submit" { "Run the demo" }
                button #run-stop type="submit" formaction=[stop] hidden[goes_on.is_none()] { "Stop" }
                label.seed { "Seed " input type="number" name="seed" value="42" min="0" inputmode="numeric"; }
            }
            noscript {
                p.notice {
                    "Following a run as it goes needs JavaScript. Without it, reload this page to see how far the run is, or use "
                    code { "make demo Q=" (answer.slug) } " in a terminal."
                }
            }
        }
    }
}

/// What a run that is asked for now would wait for.
fn elsewhere(study: &Study, answer: &Answer) -> Markup {
    let other = study.runs.running().filter(|(_, other)| other.slug != answer.slug);
    html! {
        @if let Some((_, other)) = other {
            p.notice #elsewhere {
                "The demo of “" a href={ "/answers/" (other.slug) "#run" } { (asked(other)) }
                "” is running; one runs at a time, and yours would wait for it."
            }
        }
    }
}

fn time(scale: Scale) -> &'static str {
    match scale {
        Scale::Quick => "about 5 s",
        Scale::Default => "up to a minute",
        Scale::Full => "as large as the question asks",
    }
}

fn needs(needs: &Needs) -> String {
    let mut parts = Vec::new();
    if needs.rows > 0 {
        let word = if needs.rows == 1 { "row" } else { "rows" };
        parts.push(format!("{} {word}", Quantity::count(needs.rows)));
    }
    if needs.disk_bytes > 0 {
        parts.push(format!("{} disk", Quantity::bytes(needs.disk_bytes)));
    }
    if needs.memory_bytes > 0 {
        parts.push(format!("{} memory", Quantity::bytes(needs.memory_bytes)));
    }
    parts.join(" · ")
}

/// The run that was recorded with this build.
pub(super) fn recorded(digest: &Digest) -> Markup {
    let Some((held, made)) = digest.tally else {
        return html! { p.notice { "No run has been recorded yet." } };
    };
    html! {
        details.recorded #recorded-run open[digest.predictions.is_empty()] {
            summary {
                h3 { "The last recorded run" }
                span.recorded-line {
                    "recorded on " time datetime=(digest.recorded_on) { (digest.recorded_on) }
                    " · " (if digest.passed { "✓ passed" } else { "✗ failed" })
                    " · " (held) " of " (made) " claims held"
                }
            }
            (digest.recorded)
        }
    }
}
