//! What happens without anybody asking for it: reservations that nobody paid for end.

use std::time::Duration;

use diesel::prelude::*;
use foundation::jobs::{Job, Report};

use crate::payments::inquiry;
use crate::store::settling;

/// Orders of one transaction: so long nobody else can sell what they hold.
const BATCH: i64 = 200;

/// How long an expired order waits for what the provider has to tell, in case it was paid and every
/// callback was lost. Longer than a restart of the provider takes, and no longer: then the next
/// customer may buy what it holds, and money that comes to light later goes back.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Ends what has expired. Often, as in a sale somebody waits for what another does not pay for.
pub(crate) static EXPIRY: Job = Job {
    name: "shop-expire",
    about: "Ask what became of orders that are not paid in time, and give their stock back",
    every: Duration::from_secs(5),
    run: expire,
};

fn expire(connection: &mut PgConnection, dry_run: bool) -> QueryResult<Report> {
    if dry_run {
        let count = settling::count_expired(connection)?;
        return Ok(report(&[(
            "would ask about, then expire",
            usize::try_from(count).unwrap_or(0),
        )]));
    }
    let asked = in_batches(connection, |connection| inquiry::begin(connection, BATCH))?;
    let expired =
        in_batches(connection, |connection| settling::expire(connection, BATCH, PATIENCE))?;
    Ok(report(&[("asked about", asked), ("expired", expired)]))
}

fn in_batches(
    connection: &mut PgConnection,
    batch: fn(&mut PgConnection) -> QueryResult<usize>,
) -> QueryResult<usize> {
    let mut total = 0;
    loop {
        let done = connection.transaction(batch)?;
        total += done;
        if i64::try_from(done).is_ok_and(|done| done < BATCH) {
            return Ok(total);
        }
    }
}

fn report(done: &[(&str, usize)]) -> Report {
    let some = done.iter().filter(|(_, orders)| *orders > 0);
    some.map(|(verb, orders)| format!("{verb} {orders} orders")).collect()
}
