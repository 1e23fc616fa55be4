//! What the metrics and the view of the database tell while something is wrong.

use crate::on_call::{ROUTES, TOKEN, operated, until};
use diesel::connection::SimpleConnection;
use diesel::{PgConnection, RunQueryDsl, sql_query};
use foundation::metrics::Metrics;
use foundation::operations::activity;
use foundation::scratch::number;
use foundation::testing::TestApp;
use serde_json::Value;

fn value_of(metrics: &Metrics, name: &str) -> Option<f64> {
    let text = String::from_utf8(metrics.render().unwrap()).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

/// Somebody who holds the row lock of a table, and says who that is.
fn holder(app: &TestApp) -> (PgConnection, i64) {
    let mut connection = app.scratch.connect().unwrap();
    connection.batch_execute("CREATE TABLE stock (id int PRIMARY KEY, units int)").unwrap();
    connection.batch_execute("INSERT INTO stock VALUES (1, 10)").unwrap();
    connection.batch_execute("BEGIN; UPDATE stock SET units = 9").unwrap();
    let pid = number(&mut connection, "pg_backend_pid()").unwrap();
    (connection, i64::try_from(pid).unwrap())
}

#[actix_web::test]
async fn a_lane_tells_how_many_threads_are_busy_and_what_they_have_sent() {
    let app = operated(&["--database-threads", "3"]);
    let client = app.anonymous();
    client.get("/api/orders/7").await;
    let lane = |name: &str| value_of(&app.metrics, &format!("{name}{{lane=\"short\"}}"));
    assert_eq!(lane("database_threads"), Some(3.0));
    assert_eq!(lane("database_busy_threads"), Some(0.0));
    assert_eq!(lane("database_statements_total"), Some(3.0));
    assert!(lane("database_connections").unwrap() >= 1.0);

    let sleeping = actix_web::rt::spawn(async move { client.get("/api/sleep").await });
    let busy = |threads| lane("database_busy_threads").filter(|busy| *busy == threads);
    until("the thread at work", async || busy(1.0)).await;
    sleeping.await.unwrap().problem(503);
    until("the end of its work", async || busy(0.0)).await;
}

#[actix_web::test]
async fn a_worker_that_is_blocked_is_told_while_it_is_and_afterwards() {
    let app = operated(&[]);
    let client = app.anonymous();
    let blocked = actix_web::rt::spawn(async move { client.get("/api/block").await });
    until("the stall", async || {
        let stalled = "http_worker_stalled_seconds{worker=\"0\"}";
        value_of(&app.metrics, stalled).filter(|seconds| *seconds > 0.3)
    })
    .await;
    crate::on_call::release().send(()).unwrap();
    assert_eq!(blocked.await.unwrap().status.as_u16(), 200);
    until("the beat that came late", async || {
        let late = |bound| {
            value_of(&app.metrics, &format!("http_worker_lag_seconds_bucket{{le=\"{bound}\"}}"))
        };
        (late("+Inf")? > late("0.25")?).then_some(())
    })
    .await;
}

#[actix_web::test]
#[cfg(target_os = "linux")]
async fn the_process_tells_its_memory_and_descriptors() {
    let app = TestApp::start(ROUTES);
    let text = app.anonymous().get("/metrics").await.text;
    for name in ["process_resident_memory_bytes", "process_open_fds", "process_threads"] {
        let value = value_of(&app.metrics, name).unwrap_or_default();
        assert!(value > 0.0, "{name} {value} in {text}");
    }
}

#[actix_web::test]
async fn the_view_of_the_database_tells_who_blocks_whom() {
    let app = operated(&[]);
    let (mut holder, pid) = holder(&app);
    let scratch = app.scratch.clone();
    let waiter = std::thread::spawn(move || {
        let mut connection = scratch.connect().unwrap();
        connection.batch_execute("SET application_name = 'waiter'").unwrap();
        let long = format!("UPDATE stock SET units = 8 WHERE id = 1 -- {}", "x".repeat(400));
        sql_query(long).execute(&mut connection)
    });

    let client = app.bearing(TOKEN);
    let sessions = until("the waiter", async || {
        let reply = client.get("/operations/activity").await;
        assert_eq!(reply.status.as_u16(), 200, "{}", reply.text);
        let sessions = reply.json();
        session(&sessions, |one| one["blocked_by"] == serde_json::json!([pid]))?;
        Some(sessions)
    })
    .await;
    let waiting = session(&sessions, |one| one["application"] == "waiter").unwrap();
    assert_eq!(waiting["waits_for"], "Lock: transactionid", "{waiting}");
    assert!(waiting["statement"].as_str().unwrap().starts_with("UPDATE stock SET units = 8"));
    assert_eq!(waiting["statement"].as_str().unwrap().len(), 200);
    let blocking = session(&sessions, |one| one["pid"] == pid).unwrap();
    assert_eq!(blocking["state"], "idle in transaction", "{blocking}");
    assert!(blocking["transaction_ms"].as_i64() >= Some(0), "{blocking}");

    holder.batch_execute("COMMIT").unwrap();
    assert_eq!(waiter.join().unwrap().unwrap(), 1);
}

#[actix_web::test]
async fn a_statement_that_holds_a_secret_is_shown_without_it() {
    let app = TestApp::start(ROUTES);
    let mut other = app.scratch.connect().unwrap();
    sql_query("SELECT 'password=hunter2'").execute(&mut other).unwrap();
    let pid = number(&mut other, "pg_backend_pid() /* token=hunter2 */").unwrap();
    let sessions = activity(&mut app.scratch.connect().unwrap()).unwrap();
    let shown = sessions.iter().find(|one| u64::try_from(one.pid) == Ok(pid)).unwrap();
    assert!(shown.statement.contains("token=[redacted]"), "{}", shown.statement);
    assert!(!format!("{sessions:?}").contains("hunter2"));
}

fn session(sessions: &Value, is_wanted: impl Fn(&&Value) -> bool) -> Option<&Value> {
    sessions.as_array().unwrap().iter().find(is_wanted)
}
