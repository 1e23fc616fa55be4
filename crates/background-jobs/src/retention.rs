//! What nobody will replay any more.

use std::time::Duration;

use diesel::{PgConnection, QueryResult};
use foundation::jobs::{Job, Report};

use crate::admin::expire;

/// How long a dead letter is kept: long enough for a partner's long outage and somebody's holiday,
/// not for ever, as payloads may name people.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Rows of one statement, so that none runs into its time-out; the next hour takes the next ones.
const BATCH: i64 = 10_000;

/// Deletes dead letters after 30 days. Jobs that are done need no retention: they are deleted when
/// they are done.
pub static RETENTION: Job = Job {
    name: "dead-letter-retention",
    about: "Delete dead letters of background jobs after 30 days",
    every: Duration::from_secs(3_600),
    run: delete_old,
};

fn delete_old(connection: &mut PgConnection, dry_run: bool) -> QueryResult<Report> {
    let expired = expire(connection, KEPT, BATCH, dry_run)?;
    let verb = if dry_run { "would delete" } else { "deleted" };
    Ok(if expired == 0 { Vec::new() } else { vec![format!("{verb} {expired} dead letters")] })
}
