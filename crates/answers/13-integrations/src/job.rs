//! Work apart from requests: imports, one by one, and what nobody will ask for again.

use std::time::Duration;

use background_jobs::{Attempt, Failure, Kind, Options, Workers};
use diesel::prelude::*;
use diesel::sql_query;
use foundation::jobs::{Job, Report};
use serde::{Deserialize, Serialize};

use crate::imports;
use crate::model::ImportId;

/// Which import.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ImportJob {
    import: i64,
}

/// Two at once: each is one statement over thousands of rows.
static IMPORT: Kind<ImportJob> = Kind::new("catalogue-import").at_once(2);

/// Has an import performed once the caller's transaction is committed.
pub(crate) fn enqueue(connection: &mut PgConnection, id: ImportId) -> QueryResult<()> {
    let job = ImportJob { import: id.number() };
    background_jobs::enqueue(connection, &IMPORT, &job, &Options::default()).map(|_| ())
}

/// Performs imports in this process.
pub(crate) fn register(workers: &Workers) -> Result<(), background_jobs::KindTaken> {
    workers.register(&IMPORT, |attempt: Attempt<ImportJob>| async move {
        let (id, ticket) = (ImportId::from(attempt.payload.import), attempt.ticket());
        // The pages, the report and the end of the job are one transaction.
        let work = move |connection: &mut PgConnection| {
            connection.transaction(|connection| {
                imports::perform(connection, id)?;
                Ok::<_, error_handling::Problem>(ticket.complete(connection)?)
            })
        };
        attempt.database().run_long(work).await.map_err(Failure::from)
    })
}

/// Deletes reports after a month, and events after a week: longer than any partner repeats itself.
pub(crate) static EXPIRY: Job = Job {
    name: "integration-expiry",
    about: "Delete old import reports, delivered events and notes of received ones",
    every: Duration::from_secs(3_600),
    run: expire,
};

const OLD: [(&str, &str); 3] = [
    ("import reports", "catalogue_imports WHERE created_at < now() - interval '30 days'"),
    (
        "delivered events",
        "outbox_events WHERE state = 'delivered' AND settled_at < now() - interval '7 days'",
    ),
    ("received events", "inbox_events WHERE received_at < now() - interval '7 days'"),
];

fn expire(connection: &mut PgConnection, dry_run: bool) -> QueryResult<Report> {
    let mut report = Report::new();
    for (what, old) in OLD {
        let statement =
            if dry_run { format!("SELECT 1 FROM {old}") } else { format!("DELETE FROM {old}") };
        let rows = sql_query(statement).execute(connection)?;
        if rows > 0 {
            let verb = if dry_run { "would delete" } else { "deleted" };
            report.push(format!("{verb} {rows} {what}"));
        }
    }
    Ok(report)
}
