//! The data: customers of ten countries, and what they paid.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use evidence::{Outcome, Quantity, Stage};

use super::Size;
use crate::schema::TABLES;

/// Payments made by one statement, so that progress is seen and a stop is quick.
const CHUNK: u64 = 20_000;

/// Makes both tables and fills them.
///
/// One customer in 21 has paid nothing and one payment in twenty is reported twice, so that a
/// step which loses the one or counts the other twice changes the report.
pub(super) fn fill(stage: &Stage, connection: &mut PgConnection, size: Size) -> Outcome {
    let Size { countries, customers_per_country, payments, .. } = size;
    stage.step(format!(
        "Write {} payments of customers in {countries} countries",
        Quantity::count(payments)
    ));
    let customers = countries * customers_per_country;
    connection.batch_execute(TABLES)?;
    connection.batch_execute(&format!(
        "INSERT INTO customers
         SELECT n, 'C' || lpad((1 + n % {countries})::text, 2, '0'), 'Customer ' || lpad(n::text, 6, '0')
         FROM generate_series(1, {customers}) AS n"
    ))?;
    let mut progress = stage.progress("write payments", payments, "payments");
    for first in (0..payments).step_by(usize::try_from(CHUNK)?) {
        let last = payments.min(first + CHUNK);
        connection.batch_execute(&rows(first, last, customers, stage.seed()))?;
        progress.advance(last - first)?;
    }
    // By customer, so that no plan is slow: this demo is about code, answer 12 about plans.
    connection.batch_execute("CLUSTER payments USING payments_by_customer")?;
    for table in ["customers", "payments"] {
        stage.go_on()?;
        connection.batch_execute(&format!("VACUUM (ANALYZE) {table}"))?;
    }
    stage.note(
        "The provider reports at least once, so one payment in twenty is there twice; one customer \
         in 21 has paid nothing. A report that loses or repeats something is another report.",
    );
    Ok(())
}

/// Everything is calculated from a hash of the row's number and the seed, instead of `random()`,
/// so that a row is the same in whichever chunk it is made. Skewed as customers are: some have paid
/// a hundred times as often as others.
fn rows(first: u64, last: u64, customers: u32, seed: u64) -> String {
    let seed = seed.cast_signed();
    format!(
        "INSERT INTO payments
         SELECT n,
                CASE WHEN customer % 21 = 0 THEN customer - 1 ELSE customer END,
                'pay_' || lpad(to_hex(h), 16, '0'),
                (ARRAY['card', 'card', 'transfer', 'wallet'])[1 + (h >> 40) % 4],
                100 + (h >> 20) % 50000
         FROM generate_series({first}::bigint, {last}::bigint - 1) AS n,
              LATERAL (SELECT n - CASE WHEN n % 20 = 19 THEN 1 ELSE 0 END AS original) AS reported,
              LATERAL (SELECT hashint8extended(original, {seed}) & 9223372036854775807 AS h) AS hashed,
              LATERAL (SELECT (h & 1048575) / 1048576.0 AS place) AS placed,
              LATERAL (SELECT 1 + floor({customers} * place * sqrt(place))::bigint AS customer) AS paid"
    )
}
