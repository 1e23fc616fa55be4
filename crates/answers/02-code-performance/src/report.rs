//! The report: what each customer of a country has paid, the best customer first.
//!
//! Everything that all steps share is here, so that two steps differ only in what one of them
//! improved.

use std::borrow::Borrow;
use std::cmp::Reverse;
use std::sync::Arc;

use diesel::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tracing::instrument;

use crate::schema::{customers, payments};

/// A finished response. Shared instead of copied, as a cache hands out the same one many times.
pub type Body = Arc<[u8]>;

/// Who pays.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct Customer {
    /// Key of the table.
    pub id: i64,
    /// Unique name.
    pub name: String,
}

/// A payment as the provider reported it. It reports at least once, so some arrive twice.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct Payment {
    /// The provider's name for it; the same when it is reported again.
    pub reference: String,
    /// `card`, `transfer` or `wallet`.
    pub method: String,
    /// What was paid.
    pub cents: i64,
}

/// One customer's line.
#[derive(Debug, PartialEq, Serialize)]
pub struct CustomerLine {
    /// Name of the customer.
    pub name: String,
    /// Payments, each counted once.
    pub payments: i64,
    /// Sum of them.
    pub cents: i64,
    /// The largest of them, 0 without any.
    pub largest_cents: i64,
    /// How many were paid by card.
    pub by_card: i64,
}

impl CustomerLine {
    /// The line for payments without repeats, of which `cents` is the sum.
    #[instrument(level = "trace", skip_all, name = "line")]
    pub fn new<P: Borrow<Payment>>(name: &str, cents: i64, payments: &[P]) -> Self {
        let all = || payments.iter().map(Borrow::borrow);
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        Self {
            name: name.to_owned(),
            payments: count(payments.len()),
            cents,
            largest_cents: all().map(|payment| payment.cents).max().unwrap_or(0),
            by_card: count(all().filter(|payment| payment.method == "card").count()),
        }
    }
}

/// The report of one country.
#[derive(Debug, Serialize)]
pub struct Report<'country> {
    country: &'country str,
    customers: Vec<CustomerLine>,
}

impl<'country> Report<'country> {
    /// Brings the lines into their order, which the name makes total.
    #[must_use]
    pub fn new(country: &'country str, mut lines: Vec<CustomerLine>) -> Self {
        lines.sort_by(|one, other| {
            (Reverse(one.cents), &one.name).cmp(&(Reverse(other.cents), &other.name))
        });
        Self { country, customers: lines }
    }

    /// The response body.
    #[instrument(level = "trace", skip_all)]
    #[must_use]
    pub fn to_json(&self) -> Body {
        // Names, numbers and text always have a JSON form.
        serde_json::to_vec(self).unwrap_or_default().into()
    }
}

/// SHA-256 over the bodies in the order given, in hexadecimal. Each is preceded by its length, so
/// that no two lists of bodies run together into the same bytes.
#[must_use]
pub fn digest(bodies: &[Body]) -> String {
    let mut hash = Sha256::new();
    for body in bodies {
        hash.update((body.len() as u64).to_be_bytes());
        hash.update(body);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
