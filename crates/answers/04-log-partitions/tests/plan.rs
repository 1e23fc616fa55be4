//! The hot queries keep their plans: what they read is bounded, whatever the table holds.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use chrono::Utc;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use error_handling::Problem;
use foundation::testing::TestApp;
use log_partitions::maintenance::{Retention, maintain};
use log_partitions::search::{Search, SearchParameters};
use log_partitions::store;
use serde_json::{Value, json};

/// Four months with 20 000 entries each, two in a hundred of them errors.
fn four_months() -> TestApp {
    let app = TestApp::start(&[log_partitions::routes]);
    let mut connection = app.scratch.connect().unwrap();
    let now = "2026-01-15T00:00:00Z".parse().unwrap();
    maintain(&mut connection, now, Retention::Months(13), false).unwrap();
    connection
        .batch_execute(
            "INSERT INTO log_entries (logged_at, level, service, message)
             SELECT '2026-01-01Z'::timestamptz + n * interval '129.6 seconds',
                    CASE n % 50 WHEN 0 THEN 4 ELSE 2 END, 'service-' || n % 20,
                    repeat('x', 80)
             FROM generate_series(0, 79999) AS n;
             ANALYZE log_entries;",
        )
        .unwrap();
    app
}

/// The plan of a listing.
async fn plan(app: &TestApp, query: &str) -> Value {
    let reply = app.anonymous().get(&format!("/api/v1/logs/plan?{query}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let plan = reply.json();
    assert_eq!(plan["partitions_total"], 5);
    plan
}

fn buffers(plan: &Value) -> u64 {
    plan["buffers"].as_u64().unwrap()
}

/// In index order from its first row: nothing is scanned whole and nothing sorted.
fn comes_from_an_index(plan: &Value) -> bool {
    let text = plan["text"].as_str().unwrap();
    text.contains("Index Scan") && !text.contains("Seq Scan") && !text.contains("Sort")
}

const FEBRUARY: &str = "from=2026-02-01T00:00:00Z&to=2026-03-01T00:00:00Z";

#[actix_web::test]
async fn a_month_is_answered_by_its_own_partition_and_by_an_index() {
    let app = four_months();
    let plan = plan(&app, FEBRUARY).await;
    assert_eq!(plan["partitions_read"], json!(["log_entries_2026_02"]));
    assert_eq!(plan["rows_read"], 51, "a page and one row");
    assert!(comes_from_an_index(&plan), "{plan}");
    assert!(buffers(&plan) <= 10, "{plan}");
}

#[actix_web::test]
async fn a_service_is_found_by_its_index() {
    let app = four_months();
    let plan = plan(&app, &format!("{FEBRUARY}&service=service-7")).await;
    assert_eq!(plan["partitions_read"], json!(["log_entries_2026_02"]));
    assert_eq!(plan["rows_read"], 51);
    assert!(comes_from_an_index(&plan), "{plan}");
    assert!(buffers(&plan) <= 70, "{plan}");
}

#[actix_web::test]
async fn errors_are_found_by_the_partial_index() {
    let app = four_months();
    let errors = plan(&app, &format!("{FEBRUARY}&level=error")).await;
    assert_eq!(errors["rows_read"], 51);
    assert!(comes_from_an_index(&errors), "{errors}");
    // There is none; every error of the month is looked at, and nothing else.
    let fatal = plan(&app, &format!("{FEBRUARY}&level=fatal")).await;
    assert!(fatal["rows_read"].as_u64().unwrap() <= 400, "{fatal}");
    assert!(!fatal["text"].as_str().unwrap().contains("Seq Scan"), "{fatal}");
}

#[actix_web::test]
async fn the_next_page_starts_at_its_place_and_skips_newer_months() {
    let app = four_months();
    let query = "from=2026-01-01T00:00:00Z&to=2026-04-01T00:00:00Z";
    let client = app.anonymous();
    // A page that ends in February, found by listing February alone.
    let first = client.get(&format!("/api/v1/logs?{FEBRUARY}&limit=200")).await;
    let link = first.header("link").to_owned();
    let (_, cursor) = link.split_once("cursor=").unwrap();
    let cursor = cursor.trim_end_matches(">; rel=\"next\"");

    let plan = plan(&app, &format!("{query}&cursor={cursor}")).await;
    let read = plan["partitions_read"].as_array().unwrap();
    assert!(read.contains(&json!("log_entries_2026_02")), "{plan}");
    assert!(!read.contains(&json!("log_entries_2026_03")), "a month already read: {plan}");
    assert!(comes_from_an_index(&plan), "{plan}");
    assert!(buffers(&plan) <= 15, "{plan}");
}

#[actix_web::test]
async fn a_range_without_rows_reads_next_to_nothing() {
    let app = four_months();
    let plan = plan(&app, "from=2026-05-10T00:00:00Z&to=2026-05-11T00:00:00Z").await;
    assert_eq!(plan["partitions_read"], json!(["log_entries_default"]));
    assert!(buffers(&plan) <= 10, "{plan}");
}

#[derive(Debug, PartialEq, QueryableByName)]
struct Scans {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = BigInt)]
    whole: i64,
}

/// Lists as the route does, in the lane of the route, and asks PostgreSQL what it scanned for that.
async fn scans_of_listing(app: &TestApp, parameters: Value) -> Vec<Scans> {
    let parameters: SearchParameters = serde_json::from_value(parameters).unwrap();
    let search: Search = parameters.into_search(Utc::now()).unwrap();
    let listed = app.database.run(move |connection| {
        connection.transaction(|connection| {
            assert_eq!(store::page(connection, &search)?.len(), 51);
            diesel::sql_query(
                "SELECT relname::text AS table, seq_scan AS whole
                 FROM pg_stat_xact_user_tables
                 WHERE relname LIKE 'log_entries%' AND seq_scan + idx_scan > 0 ORDER BY relname",
            )
            .load(connection)
        })
    });
    listed.await.map_err(|problem: Problem| problem.to_string()).unwrap()
}

#[actix_web::test]
async fn the_listing_leaves_out_the_same_months_in_its_own_lane_and_scans_none_whole() {
    let app = four_months();
    let (from, to) = ("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z");
    let february = vec![Scans { table: "log_entries_2026_02".to_owned(), whole: 0 }];
    // More often than PostgreSQL takes to choose between its two kinds of plan.
    for _ in 0..8 {
        assert_eq!(scans_of_listing(&app, json!({"from": from, "to": to})).await, february);
    }
    for filter in [json!({"service": "service-7"}), json!({"level": "error"})] {
        let mut parameters = filter;
        parameters["from"] = json!(from);
        parameters["to"] = json!(to);
        assert_eq!(scans_of_listing(&app, parameters).await, february);
    }
}

#[derive(Debug, PartialEq, QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Tables of the log on which listing held a lock, in the lane of the route; `now` decides whether
/// the plan is kept.
async fn locked_by_listing(app: &TestApp, parameters: &Value, now: &str) -> Vec<Name> {
    let parameters: SearchParameters = serde_json::from_value(parameters.clone()).unwrap();
    let search: Search = parameters.into_search(now.parse().unwrap()).unwrap();
    let listed = app.database.run(move |connection| {
        connection.transaction(|connection| {
            store::page(connection, &search)?;
            diesel::sql_query(
                "SELECT relname::text AS name
                 FROM pg_locks JOIN pg_class ON pg_class.oid = relation
                 WHERE pid = pg_backend_pid() AND relkind IN ('r', 'p')
                   AND relname LIKE 'log_entries%' ORDER BY relname",
            )
            .load(connection)
        })
    });
    listed.await.map_err(|problem: Problem| problem.to_string()).unwrap()
}

const SOON_AFTER: &str = "2026-03-15T00:00:00Z";
const LONG_AFTER: &str = "2029-03-15T00:00:00Z";

/// A plan for any time would lock all six, the default partition among them, and so wait whenever
/// months are made.
#[actix_web::test]
async fn the_listing_of_a_month_locks_that_month_alone() {
    let app = four_months();
    let february = ["log_entries", "log_entries_2026_02"];
    let february = february.map(|name| Name { name: name.to_owned() });
    let (from, to) = ("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z");
    for more in [json!({}), json!({"service": "service-7"}), json!({"level": "error"})] {
        let mut parameters = more;
        parameters["from"] = json!(from);
        parameters["to"] = json!(to);
        for now in [SOON_AFTER, LONG_AFTER] {
            assert_eq!(locked_by_listing(&app, &parameters, now).await, february, "{parameters}");
        }
    }
}

#[actix_web::test]
async fn a_connection_keeps_one_plan_for_a_recent_month_and_none_for_others() {
    let app = TestApp::start_with(&[log_partitions::routes], &["--database-threads", "1"]);
    let listed = async |from: &str, to: &str, now: &str| {
        locked_by_listing(&app, &json!({"from": from, "to": to}), now).await;
        let kept = app.database.run(|connection| {
            diesel::sql_query(
                "SELECT statement AS name FROM pg_prepared_statements
                 WHERE statement LIKE '%\"log_entries\".\"message\"%'",
            )
            .load::<Name>(connection)
        });
        kept.await.map_err(|problem: Problem| problem.to_string()).unwrap().len()
    };
    let [first, tenth, last] =
        ["2026-02-01T00:00:00Z", "2026-02-10T00:00:00Z", "2026-03-01T00:00:00Z"];
    assert_eq!(listed(first, last, LONG_AFTER).await, 0, "planned for itself");
    assert_eq!(listed(first, last, SOON_AFTER).await, 1);
    assert_eq!(listed(first, tenth, SOON_AFTER).await, 1, "the same plan for another range");
    assert_eq!(listed(tenth, SOON_AFTER, SOON_AFTER).await, 1, "two months are planned each time");
}
