//! The statements on `shop_payments` and what the provider told about them.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::model::OrderId;
use crate::schema::{shop_payment_events, shop_payments};

/// What the provider decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The money is ours.
    Succeeded,
    /// It will not come.
    Declined,
}

impl Outcome {
    /// The text in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Declined => "declined",
        }
    }
}

/// Notes an event; tells whether it is new. A second one at the same time waits here for the first to
/// end.
///
/// # Errors
/// Whatever the database says.
pub fn note(
    connection: &mut PgConnection,
    event: &str,
    order: OrderId,
    outcome: Outcome,
) -> QueryResult<bool> {
    let noted = diesel::insert_into(shop_payment_events::table)
        .values((
            shop_payment_events::event_id.eq(event),
            shop_payment_events::order_id.eq(order.number()),
            shop_payment_events::outcome.eq(outcome.name()),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    Ok(noted == 1)
}

/// Keeps a charge that the provider took, under its name; what the callback said meanwhile stays.
///
/// # Errors
/// A violation of `shop_payments_reference_unique` for the charge of another order.
pub fn keep(
    connection: &mut PgConnection,
    order: OrderId,
    reference: &str,
    amount: i64,
) -> QueryResult<()> {
    diesel::insert_into(shop_payments::table)
        .values((
            shop_payments::order_id.eq(order.number()),
            shop_payments::reference.eq(reference),
            shop_payments::amount_cents.eq(amount),
        ))
        .on_conflict(shop_payments::order_id)
        .do_nothing()
        .execute(connection)
        .map(|_| ())
}

/// Keeps what became of a charge, once: also of one whose callback was faster than its answer.
///
/// # Errors
/// As [`keep`].
pub fn decide(
    connection: &mut PgConnection,
    order: OrderId,
    (reference, amount): (&str, i64),
    status: &'static str,
) -> QueryResult<()> {
    diesel::sql_query(
        "INSERT INTO shop_payments (order_id, reference, amount_cents, status)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (order_id) DO UPDATE SET status = EXCLUDED.status
             WHERE shop_payments.status = 'pending'",
    )
    .bind::<BigInt, _>(order.number())
    .bind::<Text, _>(reference)
    .bind::<BigInt, _>(amount)
    .bind::<Text, _>(status)
    .execute(connection)
    .map(|_| ())
}

#[derive(QueryableByName)]
struct Undecided {
    #[diesel(sql_type = BigInt)]
    total_cents: i64,
}

/// The total of an order of which nobody knows whether it was charged for: it is not paid, it was
/// not declined, and its charge, if there is one, is not decided.
///
/// # Errors
/// Whatever the database says.
pub fn undecided(connection: &mut PgConnection, order: OrderId) -> QueryResult<Option<i64>> {
    let undecided: Option<Undecided> = diesel::sql_query(
        "SELECT total_cents FROM shop_orders LEFT JOIN shop_payments ON order_id = id
         WHERE id = $1 AND shop_orders.status NOT IN ('paid', 'declined')
           AND coalesce(shop_payments.status, 'pending') = 'pending'",
    )
    .bind::<BigInt, _>(order.number())
    .get_result(connection)
    .optional()?;
    Ok(undecided.map(|row| row.total_cents))
}

/// The charge of an order that is to be given back: its name and amount.
///
/// # Errors
/// Whatever the database says.
pub fn refund_due(
    connection: &mut PgConnection,
    order: OrderId,
) -> QueryResult<Option<(String, i64)>> {
    shop_payments::table
        .find(order.number())
        .filter(shop_payments::status.eq("refund_due"))
        .select((shop_payments::reference, shop_payments::amount_cents))
        .first(connection)
        .optional()
}

/// Notes that a charge was given back.
///
/// # Errors
/// Whatever the database says.
pub fn refunded(connection: &mut PgConnection, order: OrderId) -> QueryResult<()> {
    let due = shop_payments::table.find(order.number());
    diesel::update(due.filter(shop_payments::status.eq("refund_due")))
        .set(shop_payments::status.eq("refunded"))
        .execute(connection)
        .map(|_| ())
}
