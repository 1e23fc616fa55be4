//! Asking what became of a charge: callbacks get lost, and so do answers.
//!
//! An order whose time is over is not expired before the provider was asked. Paid: it is paid. Never
//! charged: it expires at once. No word within [`PATIENCE`](crate::job::PATIENCE): it expires, and
//! the question stays for a day; money that comes to light by it goes back.

use std::time::Duration;

use background_jobs::{Attempt, Failure, Kind, Options, enqueue_unique};
use diesel::prelude::*;
use error_handling::{Problem, Retry};
use serde::{Deserialize, Serialize};

use super::callback::{Decision, conclude};
use super::charge::{Charger, outcome_of};
use crate::model::{OrderId, Status};
use crate::store::{orders, payments, settling};

/// What is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inquiry {
    /// The charge of which order.
    pub order: OrderId,
}

/// About a day, at last every five minutes on average; then a person has to look at it.
const PERSISTENCE: Retry =
    Retry { attempts: 300, base: Duration::from_secs(1), cap: Duration::from_secs(600) };

/// How long a charge that is under way when its order ends has for telling its end by itself.
const LATER: Duration = Duration::from_secs(60);

/// Asks the provider what became of the charge of an order. Named apart from `shop-…`, by whose number
/// workers come and go: questions that wait are no work.
pub static INQUIRY: Kind<Inquiry> = Kind::new("payment-inquiry")
    .retried(PERSISTENCE)
    .leased_for(Duration::from_secs(15))
    .limited_to(Duration::from_secs(10))
    .at_once(4);

/// Asks about at most `most` orders whose time is over; returns about how many. Run it in a
/// transaction.
///
/// # Errors
/// Whatever the database says.
pub fn begin(connection: &mut PgConnection, most: i64) -> QueryResult<usize> {
    let orders = settling::ask(connection, most)?;
    for order in &orders {
        ask(connection, *order, &Options::default())?;
    }
    Ok(orders.len())
}

/// Asks, in a minute, about an order that ended without its charge. Run it in the transaction that
/// ends the order, or learns that it has ended.
///
/// # Errors
/// Whatever the database says.
pub fn later(connection: &mut PgConnection, order: OrderId) -> QueryResult<()> {
    ask(connection, order, &Options::after(LATER))
}

fn ask(connection: &mut PgConnection, order: OrderId, when: &Options) -> QueryResult<()> {
    enqueue_unique(connection, &INQUIRY, &Inquiry { order }, &order.to_string(), when).map(drop)
}

/// Asks [`later`] if the order was given up while its charge was asked for.
///
/// # Errors
/// Whatever the database says.
pub(super) fn follow_up(connection: &mut PgConnection, order: OrderId) -> QueryResult<()> {
    if orders::was_given_up(connection, order)? { later(connection, order) } else { Ok(()) }
}

impl Charger {
    /// Asks what became of the charge of an order, and ends the order accordingly.
    ///
    /// # Errors
    /// [`Failure`]: again later while the provider does not answer or has not decided.
    pub async fn inquire(&self, attempt: Attempt<Inquiry>) -> Result<(), Failure> {
        let order = attempt.payload.order;
        let undecided = attempt.database().run(move |c| payments::undecided(c, order)).await?;
        let Some(amount_cents) = undecided else { return Ok(()) };
        let charge = self.find(order).await?;
        let decision = match charge {
            Some(charge) => {
                let outcome = outcome_of(&charge)
                    .ok_or_else(|| Failure::again("the provider has not decided yet"))?;
                Some((Decision { order, reference: charge.reference, amount_cents }, outcome))
            }
            None => None,
        };
        let ticket = attempt.ticket();
        let end = move |connection: &mut PgConnection| {
            connection.transaction(|connection| {
                match &decision {
                    Some((decision, outcome)) => drop(conclude(connection, decision, *outcome)?),
                    // Nobody was charged, and no attempt that comes later finds it reserved.
                    None => drop(settling::settle(connection, order, None, Status::Expired)?),
                }
                Ok::<_, Problem>(ticket.complete(connection)?)
            })
        };
        attempt.database().run_write(end).await.map_err(Failure::from)
    }
}
