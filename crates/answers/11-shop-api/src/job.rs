//! What happens without anybody asking for it: reservations that nobody paid for end.

use std::time::Duration;

use diesel::prelude::*;
use foundation::jobs::{Job, Report};

use crate::store::settling;

/// Orders of one transaction: so long nobody else can sell what they hold.
const BATCH: i64 = 200;

/// Ends what has expired. Often, as in a sale somebody waits for what another does not pay for.
pub(crate) static EXPIRY: Job = Job {
    name: "shop-expire",
    about: "Give the stock of orders back that nobody paid for in time",
    every: Duration::from_secs(5),
    run: expire,
};

fn expire(connection: &mut PgConnection, dry_run: bool) -> QueryResult<Report> {
    if dry_run {
        let count = settling::count_expired(connection)?;
        return Ok(report("would expire", usize::try_from(count).unwrap_or_default()));
    }
    let mut total = 0;
    loop {
        let expired = connection.transaction(|connection| settling::expire(connection, BATCH))?;
        total += expired;
        if i64::try_from(expired).is_ok_and(|expired| expired < BATCH) {
            return Ok(report("expired", total));
        }
    }
}

fn report(verb: &str, orders: usize) -> Report {
    if orders == 0 { Report::new() } else { vec![format!("{verb} {orders} orders")] }
}
