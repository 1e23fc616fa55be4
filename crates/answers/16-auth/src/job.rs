//! What nobody will ask for again.

use std::time::Duration;

use diesel::{PgConnection, QueryResult};
use foundation::jobs::{Job, Report};

use crate::store;

/// Deletes sessions that have expired. They are refused from the moment they expire; the job only
/// keeps the table from holding, for ever, when and with what somebody was here.
pub(crate) static SESSION_EXPIRY: Job = Job {
    name: "session-expiry",
    about: "Delete sessions that have expired",
    every: Duration::from_secs(3_600),
    run: expire,
};

fn expire(connection: &mut PgConnection, dry_run: bool) -> QueryResult<Report> {
    let expired = store::expire(connection, dry_run)?;
    let verb = if dry_run { "would delete" } else { "deleted" };
    Ok(if expired == 0 { Vec::new() } else { vec![format!("{verb} {expired} sessions")] })
}
