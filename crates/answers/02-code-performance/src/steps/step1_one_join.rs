//! Step 1: one join instead of a statement per customer.
//!
//! A left join: an inner one would drop the customers who have paid nothing.

use diesel::prelude::*;
use tracing::instrument;

use crate::report::{Body, Customer, CustomerLine, Payment, Report};
use crate::schema::{customers, payments};

/// The report of one country.
///
/// # Errors
/// Whatever PostgreSQL returns.
pub fn report(connection: &mut PgConnection, country: &str) -> QueryResult<Body> {
    let mut lines = Vec::new();
    let rows = rows_of(connection, country)?;
    for rows in rows.chunk_by(|(one, _), (next, _)| one.id == next.id) {
        let payments: Vec<Payment> = rows.iter().filter_map(|(_, paid)| paid.clone()).collect();
        let once = without_repeats(&payments, |payment| payment.reference.clone());
        lines.push(CustomerLine::new(&rows[0].0.name, total(&once), &once));
    }
    Ok(Report::new(country, lines).to_json())
}

#[instrument(level = "trace", skip_all)]
fn rows_of(
    connection: &mut PgConnection,
    country: &str,
) -> QueryResult<Vec<(Customer, Option<Payment>)>> {
    customers::table
        .left_join(payments::table)
        .filter(customers::country.eq(country))
        .order((customers::id, payments::id))
        .select((Customer::as_select(), Option::<Payment>::as_select()))
        .load(connection)
}

/// The first payment of each key.
#[instrument(level = "trace", skip_all)]
pub fn without_repeats<K: PartialEq>(
    payments: &[Payment],
    key: impl Fn(&Payment) -> K,
) -> Vec<Payment> {
    let mut seen = Vec::new();
    let mut once = Vec::new();
    for payment in payments {
        let key = key(payment);
        if !seen.contains(&key) {
            seen.push(key);
            once.push(payment.clone());
        }
    }
    once
}

#[instrument(level = "trace", skip_all)]
fn total(payments: &[Payment]) -> i64 {
    payments.iter().map(|payment| payment.cents).sum()
}
