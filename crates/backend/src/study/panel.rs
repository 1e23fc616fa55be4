//! The demo: what to choose before it, the run that goes on, the run that was recorded.

use evidence::{Answer, Needs, Quantity, Scale};
use maud::{Markup, html};

use super::digest::Digest;
use super::request::entered_in;
use super::{DemoPolicy, Study};

/// Everything below "Run it" that has to do with runs.
pub(super) fn panel(study: &Study, answer: &'static Answer, digest: &Digest) -> Markup {
    let live = study.runs.snapshot_for(answer.slug);
    let running = study.runs.running();
    html! {
        div.demo #demo data-running[running == Some(answer.slug)] {
            @if study.policy == DemoPolicy::Nobody {
                p.notice {
                    "This server listens beyond its own machine, so demos are not run from the page. "
                    "In a checkout: " code { "make demo Q=" (answer.slug) }
                }
            } @else { (form(answer, digest, running)) }
            p.run-line {
                span role="status" aria-live="polite" { span #run-status-text {} }
                span #run-tally {}
            }
            p.notice.problem #run-problem role="alert" hidden {}
            @match live { Some(run) => (run), None => div #live {} }
        }
    }
}

fn form(answer: &Answer, digest: &Digest, running: Option<&str>) -> Markup {
    let elsewhere = running.filter(|slug| *slug != answer.slug);
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
            @if !digest.predictions.is_empty() { (guesses(digest)) }
            div.run-buttons {
                button.primary type="submit" { "Run the demo" }
                button #run-stop type="submit" formaction="/runs/current/stop" hidden[running != Some(answer.slug)] { "Stop" }
                label.seed { "Seed " input type="number" name="seed" value="42" min="0" inputmode="numeric"; }
            }
            @if let Some(other) = elsewhere {
                p.notice { "The demo of " a href={ "/answers/" (other) "#run" } { (other) } " is running; one runs at a time." }
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

fn guesses(digest: &Digest) -> Markup {
    html! {
        details.guesses {
            summary { "Guess first (optional)" }
            p { "A number you committed to before seeing the real one is a number you remember." }
            @for (id, question, unit) in &digest.predictions {
                label.guess {
                    span { (question) }
                    span.guess-field {
                        input type="number" step="any" min="0" name={ "guess." (id) } inputmode="decimal";
                        " " (entered_in(*unit).0)
                    }
                }
            }
        }
    }
}

fn time(scale: Scale) -> &'static str {
    match scale {
        Scale::Quick => "at most 5 s",
        Scale::Default => "at most 60 s",
        Scale::Full => "the size of the question",
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
        details.recorded #recorded-run open {
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
