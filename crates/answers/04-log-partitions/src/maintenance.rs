//! Makes the months to come and drops those past their retention.
//!
//! Runs at start and daily, on one server at a time. A month is made three ahead, so the job may
//! fail for weeks before a row has nowhere to go but the default partition.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::Timestamptz;
use foundation::jobs::{Job, Report};

use crate::month::Month;
use crate::partitions::{self, Partition};

/// The job for the command line and for servers.
pub static JOB: Job = Job {
    name: "log-maintenance",
    about: "Makes the months of log_entries to come and drops those older than LOG_RETENTION_MONTHS",
    every: Duration::from_hours(24),
    run: |connection, dry_run| {
        // The database's clock, as several servers share it and their own may differ.
        let now = diesel::dsl::now.into_sql::<Timestamptz>();
        let now = diesel::select(now).get_result(connection)?;
        let retention = Retention::from_setting(std::env::var("LOG_RETENTION_MONTHS").ok());
        maintain(connection, now, retention, dry_run)
    },
};

/// Months that are made ahead of the present one.
const MONTHS_AHEAD: u32 = 3;

/// Longest wait for a lock; everybody who comes after us may have to wait as long.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '2s'";

/// How many whole months are kept besides the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// That many months, 1 to 1 200.
    Months(u32),
    /// The setting cannot be read; then nothing is dropped, as too much disk is the smaller harm.
    Unreadable,
}

impl Retention {
    /// Thirteen when nothing is set, so that a year can be compared with the one before.
    #[must_use]
    pub fn from_setting(setting: Option<String>) -> Self {
        match setting.map(|text| text.parse()) {
            None => Self::Months(13),
            Some(Ok(months @ 1..=1_200)) => Self::Months(months),
            Some(_) => Self::Unreadable,
        }
    }
}

/// Does what is due at `now`; with `dry_run` only says so, in the same sentences.
///
/// # Errors
/// Whatever the database says. What was finished before stays so.
pub fn maintain(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    retention: Retention,
    dry_run: bool,
) -> QueryResult<Report> {
    let present = Month::of(now);
    let existing = partitions::all(connection)?;
    let missing: Vec<Month> = missing(&existing, present).collect();
    let mut report = create_months(connection, &missing, dry_run)?;
    match retention {
        Retention::Months(kept) => {
            for month in expired(&existing, present.before(kept)) {
                report.push(drop_month(connection, month, dry_run)?);
            }
        }
        Retention::Unreadable => {
            report.push("drop nothing: LOG_RETENTION_MONTHS is not a number from 1 to 1200".into());
        }
    }
    for outside in partitions::outside(connection)? {
        let (rows, month) = (outside.rows, outside.month());
        // A dry run leaves the rows where they are whose month it would have made.
        if !(dry_run && missing.contains(&month)) {
            report.push(format!("look into the default partition, rows for {month}: {rows}"));
        }
    }
    Ok(report)
}

/// Months that should be there and that no partition covers, not even in part.
fn missing(existing: &[Partition], present: Month) -> impl Iterator<Item = Month> {
    let wanted = present.and_next(MONTHS_AHEAD);
    wanted.filter(|month| !existing.iter().any(|partition| partition.overlaps(*month)))
}

/// Months of ours that end before the oldest one to be kept begins.
fn expired(existing: &[Partition], oldest_kept: Month) -> impl Iterator<Item = Month> {
    existing.iter().filter_map(Partition::month).filter(move |month| *month < oldest_kept)
}

/// All in one transaction, so that a waiting insert is sent to another partition once at most.
fn create_months(
    connection: &mut PgConnection,
    months: &[Month],
    dry_run: bool,
) -> QueryResult<Report> {
    if months.is_empty() {
        return Ok(Report::new());
    }
    if dry_run {
        let outside = partitions::outside(connection)?;
        let waiting = |month: Month| outside.iter().find(|one| one.month() == month);
        let rows = |month| waiting(month).map_or(0, |outside| outside.rows);
        return Ok(months.iter().map(|&month| creation(month, rows(month))).collect());
    }
    let created = unless_in_use(connection, |connection| {
        partitions::lock_default(connection)?;
        let create = |&month| Ok(creation(month, partitions::create(connection, month)?));
        months.iter().map(create).collect()
    })?;
    Ok(created.unwrap_or_else(|| months.iter().copied().map(left_for_next_run).collect()))
}

fn creation(month: Month, rows_moved: i64) -> String {
    let name = month.partition_name();
    match rows_moved {
        0 => format!("create {name}"),
        rows => format!("create {name}, rows moved there from the default partition: {rows}"),
    }
}

/// One transaction for each month, so that a lock that is not free delays one month alone.
fn drop_month(connection: &mut PgConnection, month: Month, dry_run: bool) -> QueryResult<String> {
    let announced = format!("drop {}", month.partition_name());
    if dry_run {
        return Ok(announced);
    }
    let dropped = unless_in_use(connection, |connection| partitions::remove(connection, month))?;
    Ok(dropped.map_or_else(|| left_for_next_run(month), |()| announced))
}

fn left_for_next_run(month: Month) -> String {
    format!("leave {} for the next run: the log was in use", month.partition_name())
}

/// Works in a transaction with bounded locks; `None` when one was not free. That is no failure: the
/// job comes back, and stopping every client of the log for longer would be the worse outcome.
fn unless_in_use<T>(
    connection: &mut PgConnection,
    work: impl FnOnce(&mut PgConnection) -> QueryResult<T>,
) -> QueryResult<Option<T>> {
    let outcome = connection.transaction(|connection| {
        connection.batch_execute(LOCK_TIMEOUT)?;
        work(connection)
    });
    match outcome {
        Err(error) if lock_was_not_free(&error) => Ok(None),
        outcome => outcome.map(Some),
    }
}

/// Diesel hides the SQLSTATE (55P03); the message is what is left to go by. Sessions ask for it in
/// English, see `lc_messages` in docs/operations.md.
fn lock_was_not_free(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(_, information)
        if information.message() == "canceling statement due to lock timeout")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(name: &str, from: &str, to: &str) -> Partition {
        let instant = |day: &str| format!("{day}T00:00:00Z").parse().unwrap();
        let (from, to) = (instant(from), instant(to));
        Partition { name: name.to_owned(), from, to, estimated_rows: None, bytes: 0 }
    }

    fn month(start: &str) -> Month {
        Month::of(format!("{start}-01T00:00:00Z").parse().unwrap())
    }

    #[test]
    fn only_a_month_of_ours_that_is_wholly_past_expires() {
        let partitions = [
            partition("log_entries_2024_11", "2024-11-01", "2024-12-01"),
            partition("log_entries_2024_12", "2024-12-01", "2025-01-01"),
            partition("log_entries_2023", "2023-01-01", "2024-01-01"),
            partition("log_entries_2020_01", "2026-01-01", "2026-02-01"),
        ];
        let names = |oldest| expired(&partitions, month(oldest)).collect::<Vec<_>>();
        assert_eq!(names("2024-12"), [month("2024-11")]);
        assert_eq!(names("2030-01"), [month("2024-11"), month("2024-12")]);
    }

    #[test]
    fn a_month_that_is_covered_otherwise_is_not_missing() {
        let partitions = [partition("log_entries_2026_h1", "2026-01-01", "2026-03-15")];
        let missing: Vec<_> = missing(&partitions, month("2026-02")).collect();
        assert_eq!(missing, [month("2026-04"), month("2026-05")]);
    }

    #[test]
    fn a_retention_that_cannot_be_read_keeps_everything() {
        assert_eq!(Retention::from_setting(None), Retention::Months(13));
        assert_eq!(Retention::from_setting(Some("24".into())), Retention::Months(24));
        for setting in ["", "0", "-1", "1201", "a year"] {
            let read = Retention::from_setting(Some(setting.into()));
            assert_eq!(read, Retention::Unreadable, "{setting:?}");
        }
    }
}
