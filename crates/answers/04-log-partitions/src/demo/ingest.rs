//! The code of the server itself: a row for which no month is ready, and the job that makes one.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use evidence::{Failure, Outcome, Stage};
use foundation::paging::Limit;
use foundation::scratch::number;

use crate::maintenance::{Retention, maintain};
use crate::model::{Level, LoggedAt, Message, NewEntry, ServiceName};
use crate::partitions;
use crate::search::{Search, TimeRange};
use crate::store;

/// Stores a row too early for its month, then lets the job make the month.
pub(super) fn show(stage: &Stage, connection: &mut PgConnection) -> Outcome {
    stage.step("The server's own code: no row is lost when its month is missing");
    let retention = Retention::Months(13);
    maintain(connection, "2025-12-15T00:00:00Z".parse()?, retention, false)?;
    let batch = [entry("2025-12-24T18:00:00Z")?, entry("2026-05-01T00:00:00Z")?];
    let stored = store::insert_batch(connection, &batch)?;
    let kept = number(connection, "SELECT count(*) FROM log_entries")?;
    stage.check(
        "default-partition-keeps-what-has-no-month",
        format!(
            "of {} rows {} had no month; {kept} are stored",
            stored.accepted, stored.outside_partitions
        ),
        (stored.accepted, stored.outside_partitions, kept) == (2, 1, 2),
    );
    let february: DateTime<Utc> = "2026-02-15T00:00:00Z".parse()?;
    let announced = maintain(connection, february, retention, true)?;
    let untouched = partitions::count_outside(connection)?;
    stage.code("job log-maintenance --dry-run, in February", announced.join("\n"));
    let done = maintain(connection, february, retention, false)?;
    let outside = partitions::count_outside(connection)?;
    let kept = number(connection, "SELECT count(*) FROM log_entries")?;
    stage.check(
        "maintenance-moves-rows-into-their-month",
        format!("rows outside every month: {untouched} after the dry run, {outside} after the run"),
        announced == done && (untouched, outside, kept) == (1, 0, 2),
    );
    explain_listing(stage, connection)
}

fn entry(logged_at: &str) -> Result<NewEntry, Failure> {
    Ok(NewEntry {
        logged_at: LoggedAt::parse(logged_at)?,
        level: Level::Info,
        service: ServiceName::parse("gateway".to_owned())?,
        message: Message::parse("GET / took 3 ms".to_owned())?,
    })
}

/// What `GET /api/v1/logs/plan` answers, for December.
fn explain_listing(stage: &Stage, connection: &mut PgConnection) -> Outcome {
    let search = Search {
        range: TimeRange {
            from: "2025-12-01T00:00:00Z".parse()?,
            to: "2026-01-01T00:00:00Z".parse()?,
        },
        level: None,
        service: None,
        after: None,
        limit: Limit::parse(None, 50, 200)?,
        is_of_a_recent_month: false,
    };
    let plan = store::explain_page(connection, &search)?;
    let read: Vec<&str> = plan.partitions_read.iter().map(String::as_str).collect();
    stage.check(
        "listing-reads-its-month-alone",
        format!("the listing of December reads {}", read.join(", ")),
        read == ["log_entries_2025_12"],
    );
    Ok(())
}
