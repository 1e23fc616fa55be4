//! What people write first. Only the demo uses it.

use diesel::prelude::*;

use crate::report::{Body, Customer, CustomerLine, Payment, Report};
use crate::schema::{customers, payments};
use crate::steps::step3_borrowed::without_repeats;

/// Step 1 in a hurry: an inner join. As fast, and customers without a payment are gone. Nobody sees
/// it by looking at the top of the report; the digest does.
///
/// # Errors
/// Whatever PostgreSQL returns.
pub fn report_by_inner_join(connection: &mut PgConnection, country: &str) -> QueryResult<Body> {
    let rows: Vec<(Customer, Payment)> = customers::table
        .inner_join(payments::table)
        .filter(customers::country.eq(country))
        .order((customers::id, payments::id))
        .select((Customer::as_select(), Payment::as_select()))
        .load(connection)?;
    let mut lines = Vec::new();
    for rows in rows.chunk_by(|(one, _), (next, _)| one.id == next.id) {
        let payments = rows.iter().map(|(_, payment)| payment);
        let once = without_repeats(payments, |payment| payment.reference.as_str());
        let cents = once.iter().map(|payment| payment.cents).sum();
        lines.push(CustomerLine::new(&rows[0].0.name, cents, &once));
    }
    Ok(Report::new(country, lines).to_json())
}
