//! A server in January and entries for it; and what is in which partition.

#![allow(dead_code)] // Each test binary uses its own part.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Text;
use foundation::testing::{Client, TestApp};
use log_partitions::maintenance::{Retention, maintain};
use log_partitions::partitions;
use serde_json::{Value, json};

pub(crate) const RETENTION: Retention = Retention::Months(13);

pub(crate) const JANUARY: &str = "/api/v1/logs?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z";

/// A server on the fifteenth of January 2026, with the months from then to April.
pub(crate) fn january() -> TestApp {
    let app = TestApp::start(&[log_partitions::routes]);
    make_months(&mut app.scratch.connect().unwrap(), "2026-01-15T00:00:00Z");
    app
}

pub(crate) fn make_months(connection: &mut PgConnection, now: &str) {
    maintain(connection, at(now), RETENTION, false).unwrap();
}

pub(crate) fn entry(logged_at: &str, level: &str, service: &str, message: &str) -> Value {
    json!({"logged_at": logged_at, "level": level, "service": service, "message": message})
}

pub(crate) async fn ingest(client: &Client, entries: &[Value]) -> Value {
    let reply = client.post("/api/v1/logs", &json!({"entries": entries})).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json()
}

pub(crate) fn messages(entries: &Value) -> Vec<&str> {
    entries.as_array().unwrap().iter().map(|entry| entry["message"].as_str().unwrap()).collect()
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn database() -> (TestApp, PgConnection) {
    let app = TestApp::start(&[log_partitions::routes]);
    let connection = app.scratch.connect().unwrap();
    (app, connection)
}

pub(crate) fn names(connection: &mut PgConnection) -> Vec<String> {
    partitions::all(connection).unwrap().into_iter().map(|partition| partition.name).collect()
}

/// Each entry's message and the partition it is in, oldest first.
pub(crate) fn stored(connection: &mut PgConnection) -> Vec<(String, String)> {
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
