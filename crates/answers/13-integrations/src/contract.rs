//! What this code relies on in a partner's answers, and nothing more.
//!
//! Every member is required, so one that is renamed is an error at its place and not a zero; members
//! that are not known are ignored, so a partner may add some. `contracts/quote.json` is an answer as
//! it was recorded; tests hold both to each other.

use error_handling::{Problem, parse_json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What it takes to have a thing delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[schema(as = DeliveryQuote)]
pub struct Quote {
    /// Days until it arrives.
    #[schema(example = 3)]
    pub delivery_days: u16,
    /// What that costs, in cents.
    #[schema(example = 495)]
    pub price_cents: u32,
}

/// The partner's answer is not the one that was agreed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the partner's answer breaks the contract at {pointer}: {code}")]
pub struct Breach {
    /// The member, as a JSON pointer.
    pub pointer: String,
    /// What is wrong with it, such as `required`.
    pub code: String,
}

/// Reads a quote.
///
/// # Errors
/// The first member that is not as agreed.
pub fn quote(answer: &[u8]) -> Result<Quote, Breach> {
    parse_json(answer).map_err(|problem: Problem| {
        let first = problem.body().errors.into_iter().next();
        let (pointer, code) = first.map(|fault| (fault.pointer, fault.code)).unwrap_or_default();
        let code = if code.is_empty() { "not_json".into() } else { code };
        Breach { pointer: pointer.unwrap_or_else(|| "#".to_owned()), code: code.into_owned() }
    })
}
