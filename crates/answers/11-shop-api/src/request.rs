//! What clients send, and how it becomes what may be stored.

use std::collections::HashSet;

use error_handling::{InvalidField, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::checkout::Wish;
use crate::model::{Line, MOST_LINES, Quantity, Sku};

/// What is to be ordered.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ShopOrderInput)]
pub(crate) struct OrderInput {
    /// 1 to 50 lines, each sku once. What is in the cart when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 50)]
    lines: Option<Vec<LineInput>>,
}

/// How many of what.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ShopLineInput)]
pub(crate) struct LineInput {
    /// Of what.
    #[schema(max_length = 64, example = "red-shoe-42")]
    sku: String,
    /// How many.
    #[schema(minimum = 1, maximum = 1_000, example = 1)]
    quantity: i64,
}

/// How many of one product shall be in the cart.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ShopQuantityInput)]
pub(crate) struct QuantityInput {
    /// 0 takes it out.
    #[schema(minimum = 0, maximum = 1_000, example = 2)]
    quantity: i64,
}

impl OrderInput {
    /// # Errors
    /// 422 with every line that is not acceptable.
    pub(crate) fn parse(&self) -> Result<Wish, Problem> {
        let Some(lines) = &self.lines else { return Ok(Wish::Cart) };
        if !(1..=MOST_LINES).contains(&lines.len()) {
            let code = if lines.is_empty() { "empty" } else { "too_many" };
            let field = InvalidField::body("/lines", code, "Order 1 to 50 products at a time.");
            return Err(Problem::invalid(vec![field]));
        }
        let (mut seen, mut wanted, mut errors) = (HashSet::new(), Vec::new(), Vec::new());
        for (index, line) in lines.iter().enumerate() {
            let path = |member| format!("/lines/{index}/{member}");
            let sku = Sku::parse(&line.sku).map_err(|no| errors.push(no.in_body(&path("sku"))));
            let quantity = Quantity::new(line.quantity)
                .map_err(|no| errors.push(no.in_body(&path("quantity"))));
            if !seen.insert(line.sku.as_str()) {
                let detail = "Name each product once, with all that you want of it.";
                errors.push(InvalidField::body(&path("sku"), "duplicate", detail));
            }
            if let (Ok(sku), Ok(quantity)) = (sku, quantity) {
                wanted.push(Line { sku, quantity });
            }
        }
        if errors.is_empty() { Ok(Wish::Lines(wanted)) } else { Err(Problem::invalid(errors)) }
    }
}

impl QuantityInput {
    /// `None` takes the product out.
    ///
    /// # Errors
    /// 422 for more than a line may have, or less than none.
    pub(crate) fn parse(&self) -> Result<Option<Quantity>, Problem> {
        if self.quantity == 0 {
            return Ok(None);
        }
        let quantity = Quantity::new(self.quantity);
        quantity.map(Some).map_err(|no| Problem::invalid(vec![no.in_body("/quantity")]))
    }
}
