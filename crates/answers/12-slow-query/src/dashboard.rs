//! The hot query: the newest open orders of one seller in half a year, and what its plan must keep.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Timestamptz};
use foundation::explain::{PlanRules, PlanTree, plan_of};

use crate::index::COVERING;

/// The page of a seller's dashboard; `$1` is the seller. No two orders of the table share a time,
/// or the order would need the id as well.
pub const OPEN_ORDERS: &str = "\
SELECT id, total_cents, created_at FROM orders
WHERE seller_id = $1 AND status = 'open'
  AND created_at >= '2025-07-01' AND created_at < '2026-01-01'
ORDER BY created_at DESC LIMIT 20";

/// A line of the page.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct OpenOrder {
    /// The order.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Its value in cents.
    #[diesel(sql_type = Integer)]
    pub total_cents: i32,
    /// When it was placed.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
}

/// The page, by [`OPEN_ORDERS`] or another way to write it.
///
/// # Errors
/// When the statement fails.
pub fn open_orders(
    connection: &mut PgConnection,
    statement: &str,
    seller: i32,
) -> QueryResult<Vec<OpenOrder>> {
    diesel::sql_query(statement).bind::<Integer, _>(seller).load(connection)
}

/// What the database does for that page.
///
/// # Errors
/// When the statement fails.
pub fn plan(connection: &mut PgConnection, statement: &str, seller: i32) -> QueryResult<PlanTree> {
    plan_of(connection, diesel::sql_query(statement).bind::<Integer, _>(seller))
}

/// What the plan of [`OPEN_ORDERS`] keeps, however many orders there come to be. Counts, as a
/// limit in milliseconds fails on a busy machine and passes on a fast one.
#[must_use]
pub fn rules() -> PlanRules {
    PlanRules::default()
        .no_seq_scan("orders")
        .no_sort()
        .uses_index(COVERING.name)
        .at_most_buffers(12)
        .at_most_rows_read(20)
}
