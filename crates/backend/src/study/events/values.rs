//! Values a reader may quote, and two of them compared.

use evidence::{Comparison, Lower, Measurement, Quantity};
use maud::{Markup, html};

/// Values that fit beside the ladder they come from are shown; more of them are folded.
const FEW_VALUES: usize = 6;

pub(super) fn measurements(values: &[Measurement]) -> Markup {
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

pub(super) fn comparison(comparison: &Comparison) -> Markup {
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
