//! One item of a run as HTML.

use std::collections::BTreeMap;
use std::time::Duration;

use evidence::{
    BlockKind, Cell, Chart, Comparison, Lower, Measurement, Quantity, RungKind, Story, Unit,
};
use maud::{Markup, html};

use super::{Pictures, Place};
use crate::study::highlight::{Language, highlight};
use crate::study::view::{Bar, Check, Item, Ladder, Rung};

/// What the reader expected, by the id of the prediction.
pub(super) type Guesses = BTreeMap<String, f64>;

/// An item; `at` is its step and its place in it.
pub(super) fn item(item: &Item, at: (usize, usize), guesses: &Guesses, place: &Place) -> Markup {
    let step = format!("{}-step-{}", place.prefix, at.0);
    html! {
        div.item id={ (step) "-item-" (at.1) } data-into={ (step) "-items" } {
            @match item {
                Item::Note(text) => p.note { (text) },
                Item::Bar(one) => (bar(one)),
                Item::Block { kind, title, text } => (block(*kind, title, text)),
                Item::Plans(list) => (plans(list)),
                Item::Story(one) => (story(one)),
                Item::Ladder(one) => (ladder(one)),
                Item::Checks(list) => (checks(list)),
                Item::Measurements(list) => (measurements(list)),
                Item::Comparison(one) => (comparison(one)),
                Item::Chart(one) => (chart(one, place)),
                Item::Prediction { id, question, unit, measured } => {
                    (prediction(question, *unit, guesses.get(id), *measured))
                }
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
            dt { "Situation" } dd { (story.situation) }
            dt { "Task" } dd { (story.task) }
            dt { "Action" } dd { (story.action) }
            dt { "Result" } dd { (story.result) }
        }
    }
}

fn ladder(ladder: &Ladder) -> Markup {
    ladder_table(ladder, &[])
}

/// A ladder; `changed` are the rungs to point at.
pub(in crate::study) fn ladder_table(ladder: &Ladder, changed: &[usize]) -> Markup {
    html! {
        div.scroll tabindex="0" {
            table.ladder {
                caption { (ladder.title) }
                thead { tr {
                    th scope="col" { "Variant" }
                    @for (index, column) in ladder.columns.iter().enumerate() {
                        th scope="col" class=[numeric(&ladder.rungs, index)] { (column) }
                    }
                } }
                tbody { @for (index, rung) in ladder.rungs.iter().enumerate() { (row(rung, changed.contains(&index))) } }
            }
        }
    }
}

fn row(rung: &Rung, changed: bool) -> Markup {
    html! {
        tr class=(rung.kind.word()) data-changed[changed] {
            th scope="row" { (badge(rung.kind)) span.rung-name { (rung.name) } }
            @for cell in &rung.cells {
                @match cell {
                    Cell::Quantity(quantity) => td.number { (quantity) },
                    Cell::Text(text) => td { (text) },
                }
            }
        }
    }
}

/// Sign, word and colour, so that none of them carries the meaning alone.
fn badge(kind: RungKind) -> Markup {
    html! {
        span class={ "badge " (kind.word()) } {
            span aria-hidden="true" { (kind.mark()) } " " (kind.word())
        }
    }
}

fn numeric(rungs: &[Rung], column: usize) -> Option<&'static str> {
    let number = |rung: &Rung| matches!(rung.cells.get(column), Some(Cell::Quantity(_)));
    (!rungs.is_empty() && rungs.iter().any(number)).then_some("number")
}

fn checks(checks: &[Check]) -> Markup {
    html! {
        ul.checks {
            @for check in checks {
                li class=(if check.passed { "held" } else { "broken" }) {
                    span.mark aria-hidden="true" { (if check.passed { "✓" } else { "✗" }) }
                    span {
                        span.hidden { (if check.passed { "Held: " } else { "Did not hold: " }) }
                        (check.claim) " " code.id { (check.id) }
                    }
                }
            }
        }
    }
}

/// Values that fit beside the ladder they come from are shown; more of them are folded.
const FEW_VALUES: usize = 6;

fn measurements(values: &[Measurement]) -> Markup {
    if values.len() <= FEW_VALUES {
        return value_list(values);
    }
    html! { details.block { summary { (values.len()) " values to quote" } (value_list(values)) } }
}

fn value_list(values: &[Measurement]) -> Markup {
    html! {
        dl.values {
            @for value in values {
                div { dt { (value.label) } dd { strong { (value.value) } (interval(value)) } }
            }
        }
    }
}

fn interval(value: &Measurement) -> Markup {
    let unit = value.value.unit;
    let [low, high] = [value.low, value.high].map(|value| Quantity { value, unit });
    html! {
        @if value.samples > 1 {
            " " span.interval { (low) " to " (high) ", n = " (value.samples) }
        }
    }
}

fn comparison(comparison: &Comparison) -> Markup {
    let Comparison { label, left, right, verdict, .. } = comparison;
    let lower = |lower: &Measurement, higher: &Measurement| {
        let factor = higher.value.value / lower.value.value.max(f64::MIN_POSITIVE);
        format!("{} is lower, by {}", lower.label, Quantity::times(factor))
    };
    let verdict = match verdict {
        Lower::Left => lower(left, right),
        Lower::Right => lower(right, left),
        Lower::NoVerdict => "No verdict: the intervals overlap".to_owned(),
    };
    html! {
        div.comparison {
            p { (label) }
            dl.values {
                @for side in [left, right] {
                    div { dt { (side.label) } dd { strong { (side.value) } (interval(side)) } }
                }
            }
            p.comparison-verdict { (verdict) }
        }
    }
}

/// Drawn as an image, as the style element inside the picture would be refused in the page.
fn chart(chart: &Chart, place: &Place) -> Markup {
    let svg = chart.to_svg();
    let between = |open: &str, close: &str| -> Option<&str> {
        let (_, rest) = svg.split_once(open)?;
        Some(rest.split_once(close)?.0)
    };
    let description = between("<desc ", "</desc>").and_then(|text| text.split_once('>'));
    let description = description.map_or("", |(_, text)| text);
    let size = between("viewBox=\"0 0 ", "\"").and_then(|size| size.split_once(' '));
    let (width, height) = size.unwrap_or(("720", "320"));
    let alt = format!("{}. {}", chart.title, unescape(description));
    let source = match &place.pictures {
        Pictures::Below(address) => format!("{address}/{}.svg", chart.id),
        Pictures::Inside => inside(&svg),
    };
    html! {
        figure.chart.scroll tabindex="0" {
            img src=(source) alt=(alt) width=(width) height=(height) loading="lazy";
        }
    }
}

/// The picture as a data URL (RFC 2397); what a URL cannot hold is percent-encoded.
fn inside(svg: &str) -> String {
    let mut url = String::with_capacity(svg.len() * 2);
    url.push_str("data:image/svg+xml,");
    for letter in svg.trim_end().chars() {
        match letter {
            '%' => url.push_str("%25"),
            '#' => url.push_str("%23"),
            '<' => url.push_str("%3C"),
            '>' => url.push_str("%3E"),
            '"' => url.push('\''),
            '\'' => url.push_str("%27"),
            '\n' => url.push(' '),
            letter => url.push(letter),
        }
    }
    url
}

fn unescape(text: &str) -> String {
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    plain.replace("&amp;", "&")
}

fn prediction(
    question: &str,
    unit: Unit,
    guess: Option<&f64>,
    measured: Option<Quantity>,
) -> Markup {
    let guess = guess.map(|guess| Quantity { value: *guess, unit });
    html! {
        div.prediction {
            p { span.kind { "guess" } " " (question) }
            @if let Some(guess) = guess { p { "You expected " strong { (guess) } "." } }
            @if let Some(measured) = measured {
                p { "Measured: " strong { (measured) } (judged(guess, measured)) }
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
