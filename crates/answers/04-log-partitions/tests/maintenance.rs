//! What the maintenance job does, and what it leaves alone.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use foundation::scratch::number;
use log_partitions::maintenance::{Retention, maintain};
use support::{RETENTION, at, database, names, stored};

/// Stores one entry for each time, past the API, as a row of any age has to be possible.
fn store(connection: &mut PgConnection, times: &[&str]) {
    for time in times {
        let insert = "INSERT INTO log_entries (logged_at, level, service, message)
                      VALUES ($1::timestamptz, 2, 'test', $1)";
        diesel::sql_query(insert).bind::<Text, _>(*time).execute(connection).unwrap();
    }
}

#[test]
fn the_present_month_and_three_ahead_are_created() {
    let (_app, mut connection) = database();
    let report = maintain(&mut connection, at("2025-11-30T23:59:59Z"), RETENTION, false).unwrap();
    let created = ["2025_11", "2025_12", "2026_01", "2026_02"].map(|m| format!("log_entries_{m}"));
    assert_eq!(names(&mut connection), created);
    assert_eq!(report, created.map(|name| format!("create {name}")));
}

#[test]
fn a_second_run_finds_nothing_to_do() {
    let (_app, mut connection) = database();
    let now = at("2026-01-15T00:00:00Z");
    maintain(&mut connection, now, RETENTION, false).unwrap();
    let again = maintain(&mut connection, now, RETENTION, false).unwrap();
    assert_eq!(again, Vec::<String>::new());
}

#[test]
fn a_dry_run_says_the_same_and_changes_nothing() {
    let (_app, mut connection) = database();
    maintain(&mut connection, at("2024-06-15T00:00:00Z"), RETENTION, false).unwrap();
    store(&mut connection, &["2024-06-01 00:00Z", "2026-02-03 00:00Z", "2003-03-03 00:00Z"]);
    let now = at("2026-01-15T00:00:00Z");
    let before = (names(&mut connection), stored(&mut connection));

    let announced = maintain(&mut connection, now, RETENTION, true).unwrap();
    assert_eq!((names(&mut connection), stored(&mut connection)), before);
    let done = maintain(&mut connection, now, RETENTION, false).unwrap();
    assert_eq!(announced, done);
    assert_eq!(
        done,
        [
            "create log_entries_2026_01",
            "create log_entries_2026_02, rows moved there from the default partition: 1",
            "create log_entries_2026_03",
            "create log_entries_2026_04",
            "drop log_entries_2024_06",
            "drop log_entries_2024_07",
            "drop log_entries_2024_08",
            "drop log_entries_2024_09",
            "look into the default partition, rows for 2003-03: 1",
        ]
    );
}

#[test]
fn rows_of_the_default_partition_move_into_their_month() {
    let (_app, mut connection) = database();
    let (december, first, last) = ("2025-12-31 23:59:59.999999Z", "2026-01-01Z", "2026-01-31Z");
    store(&mut connection, &[december, first, last]);
    maintain(&mut connection, at("2026-01-15T00:00:00Z"), RETENTION, false).unwrap();
    let expected = [
        (december, "log_entries_default"),
        (first, "log_entries_2026_01"),
        (last, "log_entries_2026_01"),
    ];
    assert_eq!(stored(&mut connection), expected.map(|(m, p)| (m.to_owned(), p.to_owned())));
}

#[test]
fn a_month_made_by_the_job_has_every_index_and_no_leftover_check() {
    let (_app, mut connection) = database();
    maintain(&mut connection, at("2026-01-15T00:00:00Z"), RETENTION, false).unwrap();
    let differences = "
        SELECT (SELECT count(*) FROM pg_index WHERE indrelid = 'log_entries'::regclass)
             - (SELECT count(*) FROM pg_index JOIN pg_inherits ON inhrelid = indexrelid
                WHERE indrelid = 'log_entries_2026_01'::regclass)
             + (SELECT count(*) FROM pg_constraint WHERE contype = 'c'
                AND conrelid = 'log_entries_2026_01'::regclass)
             - (SELECT count(*) FROM pg_constraint WHERE contype = 'c'
                AND conrelid = 'log_entries'::regclass) AS count";
    assert_eq!(number(&mut connection, differences).unwrap(), 0);
}

#[test]
fn only_months_older_than_the_retention_are_dropped() {
    let (_app, mut connection) = database();
    maintain(&mut connection, at("2024-11-15T00:00:00Z"), RETENTION, false).unwrap();
    store(&mut connection, &["2024-11-30 23:59:59.999999Z", "2024-12-01 00:00Z"]);
    maintain(&mut connection, at("2026-01-01T00:00:00Z"), RETENTION, false).unwrap();
    let kept = names(&mut connection);
    assert_eq!(kept[..3], ["2024_12", "2025_01", "2025_02"].map(|m| format!("log_entries_{m}")));
    assert_eq!(stored(&mut connection).len(), 1);
    let dropped = "SELECT count(*) FROM pg_class WHERE relname = 'log_entries_2024_11'";
    assert_eq!(number(&mut connection, dropped).unwrap(), 0);
}

#[test]
fn a_partition_that_somebody_else_made_is_never_dropped() {
    let (_app, mut connection) = database();
    connection
        .batch_execute(
            "SET TIME ZONE 'Asia/Tokyo';
             CREATE TABLE log_entries_2001 PARTITION OF log_entries
                 FOR VALUES FROM ('2001-01-01Z') TO ('2002-01-01Z');
             -- The name says long ago, the bounds say this month.
             CREATE TABLE log_entries_1999_01 PARTITION OF log_entries
                 FOR VALUES FROM ('2026-01-01Z') TO ('2026-02-01Z');",
        )
        .unwrap();
    store(&mut connection, &["2001-05-05 00:00Z", "2026-01-10 00:00Z"]);
    let report = maintain(&mut connection, at("2026-01-15T00:00:00Z"), RETENTION, false).unwrap();
    assert!(!report.iter().any(|sentence| sentence.starts_with("drop")), "{report:?}");
    assert_eq!(names(&mut connection)[..2], ["log_entries_2001", "log_entries_1999_01"]);
    assert_eq!(stored(&mut connection).len(), 2);
}

#[test]
fn a_retention_that_cannot_be_read_drops_nothing() {
    let (_app, mut connection) = database();
    maintain(&mut connection, at("2020-01-15T00:00:00Z"), RETENTION, false).unwrap();
    let now = at("2026-01-15T00:00:00Z");
    let report = maintain(&mut connection, now, Retention::Unreadable, false).unwrap();
    assert_eq!(report[4], "drop nothing: LOG_RETENTION_MONTHS is not a number from 1 to 1200");
    assert_eq!(names(&mut connection).len(), 8);
}
