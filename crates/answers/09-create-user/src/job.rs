//! What has to be forgotten in time.

use std::time::Duration;

use diesel::{PgConnection, QueryResult};
use foundation::idempotency;
use foundation::jobs::{Job, Report};

/// Forgets the responses of attempts that are older than a day. They hold what their clients were
/// told, so they must not stay longer than a client may repeat itself.
pub(crate) static IDEMPOTENCY_EXPIRY: Job = Job {
    name: "idempotency-expiry",
    about: "Forget the responses kept for Idempotency-Key that are older than a day",
    every: Duration::from_secs(24 * 3600),
    run: expire,
};

fn expire(connection: &mut PgConnection, dry_run: bool) -> QueryResult<Report> {
    let expired = idempotency::expire(connection, dry_run)?;
    let verb = if dry_run { "would forget" } else { "forgot" };
    Ok(if expired == 0 { Vec::new() } else { vec![format!("{verb} {expired} responses")] })
}
