//! The maintenance job while others read, write, or do the same.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::sync::{Arc, Barrier};
use std::time::Duration;

use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use foundation::scratch::{Scratch, number};
use log_partitions::maintenance::{JOB, maintain};
use log_partitions::month::Month;
use log_partitions::partitions;
use serde_json::{Value, json};
use support::{RETENTION, at, database, names, stored};

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
    partitions::create(&mut job, Month::of(at("2026-01-10T00:00:00Z"))).unwrap();
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

async fn until_somebody_waits(connection: &mut PgConnection, scratch: &Scratch) {
    let waiting = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND wait_event_type = 'Lock'",
        scratch.name()
    );
    for _ in 0..2_000 {
        if number(connection, &waiting).unwrap() > 0 {
            return;
        }
        actix_web::rt::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody waits");
}
