//! Step 0, as it was found: a statement per customer, and a list searched for each payment.

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
    for customer in customers_of(connection, country)? {
        let payments = payments_of(connection, customer.id)?;
        let once = without_repeats(&payments, |payment| payment.reference.clone());
        lines.push(CustomerLine::new(&customer.name, total(&once), &once));
    }
    Ok(Report::new(country, lines).to_json())
}

#[instrument(level = "trace", skip_all)]
fn customers_of(connection: &mut PgConnection, country: &str) -> QueryResult<Vec<Customer>> {
    customers::table
        .filter(customers::country.eq(country))
        .order(customers::id)
        .select(Customer::as_select())
        .load(connection)
}

#[instrument(level = "trace", skip_all)]
fn payments_of(connection: &mut PgConnection, customer: i64) -> QueryResult<Vec<Payment>> {
    payments::table
        .filter(payments::customer_id.eq(customer))
        .order(payments::id)
        .select(Payment::as_select())
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
