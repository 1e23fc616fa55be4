//! What clients of the orders service may rely on, checked on each instance by itself.

use evidence::Failure;
use serde_json::Value;
use url::Url;

use crate::lab;

/// One promise of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Every documented member is there, with its type. Others may be added.
    Members,
    /// The newest day first, and of one day the highest id first.
    TotalOrder,
    /// What was changed before the request is in the response.
    Freshness,
}

impl Rule {
    /// The promise in a sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Members => "every documented member is there, with its type",
            Self::TotalOrder => "the order is total",
            Self::Freshness => "a finished change is shown",
        }
    }
}

/// The promises that this instance breaks now; `free_delivery_from_cents` is what the shop last set.
///
/// # Errors
/// When the instance does not answer with JSON.
pub async fn broken(orders: &Url, free_delivery_from_cents: i64) -> Result<Vec<Rule>, Failure> {
    let response = lab::get(&awc::Client::default(), orders).await?;
    let listed = response["orders"].as_array().map(Vec::as_slice).unwrap_or_default();
    let kept = [
        (Rule::Members, has_its_members(&response, listed)),
        (Rule::TotalOrder, listed.windows(2).all(|pair| place(&pair[0]) > place(&pair[1]))),
        (Rule::Freshness, response["shop"]["free_delivery_from_cents"] == free_delivery_from_cents),
    ];
    Ok(kept.into_iter().filter_map(|(rule, kept)| (!kept).then_some(rule)).collect())
}

fn has_its_members(response: &Value, listed: &[Value]) -> bool {
    let shop = &response["shop"];
    let order = |order: &Value| {
        ["id", "total_cents"].iter().all(|member| order[member].is_i64())
            && ["reference", "placed_on", "status"].iter().all(|member| order[member].is_string())
    };
    ["id", "free_delivery_from_cents"].iter().all(|member| shop[member].is_i64())
        && !listed.is_empty()
        && listed.iter().all(order)
}

/// Days are written so that they sort as text (RFC 3339).
fn place(order: &Value) -> (Option<&str>, Option<i64>) {
    (order["placed_on"].as_str(), order["id"].as_i64())
}
