//! What the provider tells: applied once, however often, late or out of order it is told.

use background_jobs::{Options, enqueue_unique};
use diesel::prelude::*;
use error_handling::{InvalidField, Problem, constraint};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{REFUND, Refund};
use crate::model::{OrderId, Status};
use crate::store::payments::{self, Outcome};
use crate::store::{orders, settling};

/// Most bytes of an event.
pub const MOST_BYTES: usize = 16 << 10;
/// The longest name of a charge.
pub const MOST_REFERENCE_BYTES: usize = 100;

/// What the provider decided about a charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", content = "data")]
#[schema(as = ShopPaymentEvent)]
pub enum Told {
    /// The money is ours.
    #[serde(rename = "charge.succeeded")]
    Succeeded(Decision),
    /// It will not come.
    #[serde(rename = "charge.declined")]
    Declined(Decision),
}

/// Which charge was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ShopPaymentDecision)]
pub struct Decision {
    /// The order that was charged for.
    pub order: OrderId,
    /// The provider's name for the charge.
    #[schema(max_length = 100, example = "ch_17")]
    pub reference: String,
    /// How much.
    pub amount_cents: i64,
}

/// What telling did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The order is paid, or declined.
    Settled(Outcome, i64),
    /// The money came for an order that had ended; it goes back.
    RefundDue,
    /// Nothing: it was told before, or the order had ended anyway.
    Nothing,
}

/// Applies an event unless it was applied before. The note that it was, what it does to the order
/// and to the stock are one transaction: dying between two of them would sell twice, or lose a sale.
///
/// # Errors
/// 422 for an order that there is not, or one with another total; then nothing is noted.
pub fn apply(connection: &mut PgConnection, event: &str, told: Told) -> Result<Applied, Problem> {
    let (decision, outcome) = match told {
        Told::Succeeded(decision) => (decision, Outcome::Succeeded),
        Told::Declined(decision) => (decision, Outcome::Declined),
    };
    if !(1..=MOST_REFERENCE_BYTES).contains(&decision.reference.len()) {
        return Err(refused("/data/reference", "out_of_range", "Use 1 to 100 bytes."));
    }
    connection.transaction(|connection| {
        let state = orders::state(connection, decision.order)?;
        let (_, total) = state
            .ok_or_else(|| refused("/data/order", "not_found", "No order has this number."))?;
        if total != decision.amount_cents {
            let detail = "The order has another total.";
            return Err(refused("/data/amount_cents", "another_amount", detail));
        }
        if !payments::note(connection, event, decision.order, outcome)? {
            return Ok(Applied::Nothing);
        }
        conclude(connection, &decision, outcome)
    })
}

/// Ends the order as the provider decided. Run it in a transaction.
///
/// # Errors
/// 422 for a charge that paid for another order.
pub(super) fn conclude(
    connection: &mut PgConnection,
    decision: &Decision,
    outcome: Outcome,
) -> Result<Applied, Problem> {
    let Decision { order, reference, amount_cents } = decision;
    let became = match outcome {
        Outcome::Succeeded => Status::Paid,
        Outcome::Declined => Status::Declined,
    };
    let settled = settling::settle(connection, *order, None, became)?;
    // Read after the attempt to settle, which waited for whoever ended the order meanwhile.
    let is_paid = orders::state(connection, *order)?.is_some_and(|(now, _)| now == Status::Paid);
    let refund_due = outcome == Outcome::Succeeded && !is_paid;
    let status = if refund_due { "refund_due" } else { outcome.name() };
    payments::decide(connection, *order, (reference, *amount_cents), status).map_err(|error| {
        match constraint(&error) {
            Some("shop_payments_reference_unique") => {
                refused("/data/reference", "reused", "This charge is that of another order.")
            }
            _ => Problem::from(error),
        }
    })?;
    if refund_due {
        let refund = Refund { order: *order };
        enqueue_unique(connection, &REFUND, &refund, &order.to_string(), &Options::default())?;
        return Ok(Applied::RefundDue);
    }
    Ok(if settled { Applied::Settled(outcome, *amount_cents) } else { Applied::Nothing })
}

fn refused(pointer: &str, code: &'static str, detail: &'static str) -> Problem {
    Problem::invalid(vec![InvalidField::body(pointer, code, detail)])
}
