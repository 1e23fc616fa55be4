//! What the maintenance job does, and what it leaves alone.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Barrier};
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use foundation::scratch::Scratch;
use foundation::testing::TestApp;
use log_partitions::maintenance::{JOB, Retention, maintain};
use log_partitions::partitions;
use serde_json::{Value, json};

const RETENTION: Retention = Retention::Months(13);

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn database() -> (TestApp, PgConnection) {
    let app = TestApp::start(&[log_partitions::routes]);
    let connection = app.scratch.connect().unwrap();
    (app, connection)
}

fn names(connection: &mut PgConnection) -> Vec<String> {
    partitions::all(connection).unwrap().into_iter().map(|partition| partition.name).collect()
}

/// Stores one entry for each time, past the API, as a row of any age has to be possible.
fn store(connection: &mut PgConnection, times: &[&str]) {
    for time in times {
        let insert = "INSERT INTO log_entries (logged_at, level, service, message)
                      VALUES ($1::timestamptz, 2, 'test', $1)";
        diesel::sql_query(insert).bind::<Text, _>(*time).execute(connection).unwrap();
    }
}

/// Each entry's message and the partition it is in, oldest first.
fn stored(connection: &mut PgConnection) -> Vec<(String, String)> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        message: String,
        #[diesel(sql_type = Text)]
        partition: String,
    }
    let query = "SELECT message, tableoid::regclass::text AS partition
                 FROM log_entries ORDER BY logged_at, id";
    let rows: Vec<Row> = diesel::sql_query(query).load(connection).unwrap();
    rows.into_iter().map(|row| (row.message, row.partition)).collect()
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
    assert_eq!(number(&mut connection, differences), 0);
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
    assert_eq!(
        number(
            &mut connection,
            "SELECT count(*) FROM pg_class WHERE relname = 'log_entries_2024_11'"
        ),
        0
    );
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

#[test]
fn a_reader_that_does_not_end_delays_the_drop_and_not_the_job() {
    let (app, mut connection) = database();
    maintain(&mut connection, at("2024-01-15T00:00:00Z"), RETENTION, false).unwrap();
    let mut reader = app.scratch.connect().unwrap();
    let one_month = "BEGIN; SELECT FROM log_entries WHERE logged_at = '2024-02-01Z'";
    reader.batch_execute(one_month).unwrap();

    let now = at("2025-03-15T00:00:00Z");
    let report = maintain(&mut connection, now, RETENTION, false).unwrap();
    assert_eq!(report[0], "create log_entries_2025_03");
    assert_eq!(report[4], "leave log_entries_2024_01 for the next run: the log was in use");

    reader.batch_execute("COMMIT").unwrap();
    let report = maintain(&mut connection, now, RETENTION, false).unwrap();
    assert_eq!(report, ["drop log_entries_2024_01"]);
}

#[test]
fn a_reader_of_the_whole_log_delays_new_months_too() {
    let (app, mut connection) = database();
    let mut reader = app.scratch.connect().unwrap();
    reader.batch_execute("BEGIN; SELECT FROM log_entries").unwrap();
    let now = at("2026-01-15T00:00:00Z");
    let report = maintain(&mut connection, now, RETENTION, false).unwrap();
    assert_eq!(report[0], "leave log_entries_2026_01 for the next run: the log was in use");
    assert_eq!((report.len(), names(&mut connection).len()), (4, 0));

    reader.batch_execute("COMMIT").unwrap();
    maintain(&mut connection, now, RETENTION, false).unwrap();
    assert_eq!(names(&mut connection).len(), 4);
}

#[test]
fn of_two_servers_that_start_together_one_does_the_work() {
    let (app, mut connection) = database();
    let together = Arc::new(Barrier::new(2));
    let servers = [0, 1].map(|_| {
        let mut connection = app.scratch.connect().unwrap();
        let together = Arc::clone(&together);
        std::thread::spawn(move || {
            together.wait();
            JOB.run_locked(&mut connection, false).unwrap().unwrap_or_default()
        })
    });
    let reports: Vec<_> = servers.into_iter().flat_map(|server| server.join().unwrap()).collect();
    assert_eq!(reports.len(), 4, "each month was created once: {reports:?}");
    assert_eq!(names(&mut connection).len(), 4);
}

/// The insert is routed to the default partition, waits there for the job, and when it may go on
/// its month exists: without a second routing PostgreSQL refuses the row.
#[actix_web::test]
async fn a_batch_that_waits_for_the_job_is_stored_in_the_new_month() {
    let (app, mut connection) = database();
    let client = app.anonymous();
    let january = |n: usize| {
        json!({
            "logged_at": "2026-01-10T00:00:00Z", "level": "info",
            "service": "racer", "message": n.to_string(),
        })
    };
    let mut job = app.scratch.connect().unwrap();
    job.batch_execute("BEGIN").unwrap();
    partitions::lock_default(&mut job).unwrap();
    let body = json!({"entries": [january(0), january(1)]});
    let waiting = actix_web::rt::spawn(async move { client.post("/api/v1/logs", &body).await });
    until_somebody_waits(&mut connection, &app.scratch).await;
    partitions::create(&mut job, log_partitions::month::Month::of(at("2026-01-10T00:00:00Z")))
        .unwrap();
    job.batch_execute("COMMIT").unwrap();

    let reply = waiting.await.unwrap();
    assert_eq!(
        (reply.status.as_u16(), reply.json()),
        (201, json!({"accepted": 2, "outside_partitions": 0}))
    );
    assert!(
        stored(&mut connection).iter().all(|(_, partition)| partition == "log_entries_2026_01")
    );
}

#[actix_web::test]
async fn clients_that_write_while_months_are_made_lose_nothing() {
    let (app, mut connection) = database();
    let writers = (0..4).map(|writer| {
        let client = app.anonymous();
        async move {
            let mut accepted = 0;
            for round in 0..10 {
                let entries: Vec<Value> = (1..=28)
                    .map(|day| json!({
                        "logged_at": format!("2026-{:02}-{day:02}T00:00:00Z", 1 + (day + round) % 4),
                        "level": "warn", "service": format!("writer-{writer}"), "message": "tick",
                    }))
                    .collect();
                let reply = client.post("/api/v1/logs", &json!({"entries": entries})).await;
                assert_eq!(reply.status, 201, "{}", reply.text);
                accepted += reply.json()["accepted"].as_i64().unwrap();
            }
            accepted
        }
    });
    let mut job = app.scratch.connect().unwrap();
    let maintenance = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        maintain(&mut job, at("2026-01-15T00:00:00Z"), RETENTION, false).unwrap()
    });
    let accepted: i64 = futures_util::future::join_all(writers).await.into_iter().sum();
    maintenance.join().unwrap();
    assert_eq!(accepted, 4 * 10 * 28);
    let stored = stored(&mut connection);
    assert_eq!(stored.len(), 4 * 10 * 28);
    assert!(stored.iter().all(|(_, partition)| partition != "log_entries_default"), "all moved");
}

fn number(connection: &mut PgConnection, query: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    diesel::sql_query(query).get_result::<Number>(connection).unwrap().count
}

async fn until_somebody_waits(connection: &mut PgConnection, scratch: &Scratch) {
    let waiting = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND wait_event_type = 'Lock'",
        scratch.name()
    );
    for _ in 0..200 {
        if number(connection, &waiting) > 0 {
            return;
        }
        actix_web::rt::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody waits");
}
