//! Step 3: payments and their references are borrowed where they were cloned.

use std::collections::HashSet;
use std::hash::Hash;

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
        let payments = rows.iter().filter_map(|(_, paid)| paid.as_ref());
        let once = without_repeats(payments, |payment| payment.reference.as_str());
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
pub fn without_repeats<'rows, K: Eq + Hash>(
    payments: impl Iterator<Item = &'rows Payment>,
    key: impl Fn(&'rows Payment) -> K,
) -> Vec<&'rows Payment> {
    let mut seen = HashSet::new();
    let mut once = Vec::new();
    for payment in payments {
        if seen.insert(key(payment)) {
            once.push(payment);
        }
    }
    once
}

#[instrument(level = "trace", skip_all)]
fn total(payments: &[&Payment]) -> i64 {
    payments.iter().map(|payment| payment.cents).sum()
}
