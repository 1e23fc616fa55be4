//! Predict first, then reveal: what one has guessed wrong is what one remembers.

use evidence::{Quantity, Unit};
use maud::{Markup, html};

use super::digest::Digest;
use super::request::entered_in;
use super::view::Prediction;
use super::words::capitalised;

/// A card for each number that can be guessed. The fields belong to the form that runs the demo, so a
/// guess is judged by the live run as well.
pub(super) fn cards(digest: &Digest) -> Markup {
    html! {
        @if !digest.predictions.is_empty() {
            section.predict #predict aria-labelledby="predict-heading" {
                h3 #predict-heading { "Predict first" }
                p.hint { "A number you committed to before you saw the real one is a number you remember." }
                @for one in &digest.predictions { (card(one)) }
            }
        }
    }
}

fn card(one: &Prediction) -> Markup {
    let Prediction { id, question, unit, measured } = one;
    let (name, size) = entered_in(*unit);
    let field = format!("guess-{id}");
    html! {
        div.predict-card data-predict=(id) {
            label for=(field) { (capitalised(question)) }
            div.predict-field {
                input id=(field) form="run-form" type="number" step="any" min="0" name={ "guess." (id) } inputmode="decimal";
                @if !name.is_empty() { span { (name) } }
            }
            @if let Some(measured) = measured { (reveal(*measured, *unit, size)) }
        }
    }
}

fn reveal(measured: Quantity, unit: Unit, size: f64) -> Markup {
    let entered = measured.value / size;
    html! {
        details.reveal data-measured=(entered) data-unit=(format!("{unit:?}").to_lowercase()) {
            summary { "Reveal" }
            p { "The recorded run measured " strong { (measured) } ". " output {} }
        }
    }
}
