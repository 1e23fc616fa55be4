//! One item of a run as HTML.

use std::collections::BTreeMap;
use std::time::Duration;

use evidence::{BlockKind, Quantity, Story};
use maud::{Markup, html};

use super::Place;
use super::chart::chart;
use super::ladder::ladder_table;
use super::values::{comparison, measurements};
use crate::study::highlight::{Language, highlight};
use crate::study::view::{Bar, Check, Item, Prediction};
use crate::study::words::{capitalised, with_code};

/// What the reader expected, by the id of the prediction.
pub(super) type Guesses = BTreeMap<String, f64>;

/// An item; `at` is its step and its place in it.
pub(super) fn item(item: &Item, at: (usize, usize), guesses: &Guesses, place: &Place) -> Markup {
    let step = format!("{}-step-{}", place.prefix, at.0);
    html! {
        div.item id={ (step) "-item-" (at.1) } data-into={ (step) "-items" } {
            @match item {
                Item::Note(text) => p.note { (with_code(text)) },
                Item::Bar(one) => (bar(one)),
                Item::Block { kind, title, text } => (block(*kind, title, text)),
                Item::Plans(list) => (plans(list)),
                Item::Story(one) => (story(one)),
                Item::Ladder(one) => (ladder_table(one, &[])),
                Item::Checks(list) => (checks(list)),
                Item::Measurements(list) => (measurements(list)),
                Item::Comparison(one) => (comparison(one)),
                Item::Chart(one) => (chart(one, place)),
                Item::Prediction(one) => (prediction(one, guesses.get(&one.id))),
            }
        }
    }
}

fn bar(bar: &Bar) -> Markup {
    let elapsed = Duration::from_millis(bar.elapsed_ms);
    let total = Quantity::count(bar.total);
    html! {
        div.bar {
            span.bar-label { (bar.label) }
            span.bar-figures {
                @if bar.done == bar.total {
                    (total) " " (bar.unit) " in " (Quantity::duration(elapsed))
                } @else {
                    (Quantity::count(bar.done)) " of " (total) " " (bar.unit)
                }
            }
            progress max=(bar.total) value=(bar.done) aria-label=(bar.label) {}
        }
    }
}

fn block(kind: BlockKind, title: &str, text: &str) -> Markup {
    let (word, language) = match kind {
        BlockKind::Code if looks_like_sql(text) => ("code", Language::Sql),
        BlockKind::Code => ("code", Language::Rust),
        BlockKind::Plan | BlockKind::Output => ("output", Language::Plain),
    };
    html! {
        details.block {
            summary { span.kind { (word) } " " (title) }
            pre.code tabindex="0" { code { (highlight(language, text.trim_end())) } }
        }
    }
}

/// Two by two: what changed is seen in the lines that stand opposite.
fn plans(plans: &[(String, String)]) -> Markup {
    html! {
        div.plans data-count=(plans.len()) {
            @for (title, text) in plans {
                figure.plan {
                    figcaption { span.kind { "plan" } " " (title) }
                    pre.code tabindex="0" { code { (text.trim_end()) } }
                }
            }
        }
    }
}

/// A block names its kind but not its language; SQL begins with one of few words.
fn looks_like_sql(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default().to_uppercase();
    [
        "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "EXPLAIN", "WITH",
        "COPY", "--",
    ]
    .contains(&first.as_str())
}

fn story(story: &Story) -> Markup {
    html! {
        dl.story {
            dt { "Situation" } dd { (with_code(&story.situation)) }
            dt { "Task" } dd { (with_code(&story.task)) }
            dt { "Action" } dd { (with_code(&story.action)) }
            dt { "Result" } dd { (with_code(&story.result)) }
        }
    }
}

fn checks(checks: &[Check]) -> Markup {
    html! {
        ul.checks {
            @for check in checks {
                li class=(if check.passed { "held" } else { "broken" }) data-check=(check.id) {
                    span.mark aria-hidden="true" { (if check.passed { "✓" } else { "✗" }) }
                    span {
                        span.hidden { (if check.passed { "Held: " } else { "Did not hold: " }) }
                        (with_code(&check.claim))
                    }
                }
            }
        }
    }
}

fn prediction(prediction: &Prediction, guess: Option<&f64>) -> Markup {
    let Prediction { question, unit, measured, .. } = prediction;
    let guess = guess.map(|guess| Quantity { value: *guess, unit: *unit });
    html! {
        div.prediction {
            p { span.kind { "guess" } " " (capitalised(question)) }
            @if let Some(guess) = guess { p { "You expected " strong { (guess) } "." } }
            @if let Some(measured) = measured {
                p { "Measured: " strong { (measured) } (judged(guess, *measured)) }
            }
        }
    }
}

fn judged(guess: Option<Quantity>, measured: Quantity) -> String {
    let Some(guess) = guess else { return String::new() };
    match guess.value / measured.value {
        factor if !factor.is_finite() || factor <= 0.0 => String::new(),
        factor if (0.8..=1.25).contains(&factor) => " – well guessed".to_owned(),
        factor if factor > 1.0 => format!(" – your guess is {} too high", Quantity::times(factor)),
        factor => format!(" – your guess is {} too low", Quantity::times(1.0 / factor)),
    }
}
