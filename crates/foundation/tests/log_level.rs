//! The log level is changed while the server runs. One test at a time, as a process has one log.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

#[path = "operations/on_call.rs"]
mod on_call;

use std::time::Duration;

use actix_web::http::Method;
use foundation::operations::LogLevelError;
use foundation::telemetry;
use on_call::{TOKEN, operated, until};
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard};

async fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::const_new(());
    ONE.lock().await
}

#[actix_web::test]
async fn one_target_is_raised_and_falls_back_by_itself() {
    let _alone = alone().await;
    let (app, tap) = (operated(&[]), on_call::tap());
    let client = app.bearing(TOKEN);
    let now = client.get("/operations/log-level").await.json();
    assert_eq!(now, json!({"filter": "info", "configured": "info"}));
    app.anonymous().get("/api/orders/1").await;
    assert!(served(&tap.take()).is_empty(), "served requests are logged at debug");

    let change = json!({"filter": "error_handling=debug", "seconds": 600});
    let reply = client.json(Method::PUT, "/operations/log-level", &change).await;
    assert_eq!(reply.status.as_u16(), 200, "{}", reply.text);
    assert_eq!(reply.json()["filter"], "info,error_handling=debug");
    assert!(reply.json()["until"].is_string(), "{}", reply.text);
    let named = [("x-request-id", "raised")];
    app.anonymous().send(Method::GET, "/api/orders/2", &named, None).await;
    let lines = served(&tap.take());
    let raised = lines.iter().find(|line| line.request_id.as_deref() == Some("raised"));
    assert!(raised.is_some(), "{lines:?}");

    let change = json!({"filter": "error_handling=debug", "seconds": 1});
    client.json(Method::PUT, "/operations/log-level", &change).await;
    until("the end of the change", async || {
        let now = client.get("/operations/log-level").await.json();
        now["until"].is_null().then(|| assert_eq!(now["filter"], "info"))
    })
    .await;
    let _ = tap.take();
    app.anonymous().get("/api/orders/3").await;
    assert!(served(&tap.take()).is_empty(), "as before");
}

#[actix_web::test]
async fn a_change_is_ended_before_its_time() {
    let _alone = alone().await;
    let app = operated(&[]);
    let client = app.bearing(TOKEN);
    let change = json!({"filter": "DEBUG,actix_http=off"});
    let reply = client.json(Method::PUT, "/operations/log-level", &change).await;
    assert_eq!(reply.json()["filter"], "info,DEBUG,actix_http=off", "fifteen minutes, unless said");
    let ended = client.send(Method::DELETE, "/operations/log-level", &[], None).await;
    assert_eq!(ended.json(), json!({"filter": "info", "configured": "info"}));
}

#[actix_web::test]
async fn a_bad_filter_is_a_422_that_changes_nothing() {
    let _alone = alone().await;
    let app = operated(&[]);
    let client = app.bearing(TOKEN);
    let many = ["debug"; 21].join(",");
    let cases = [
        ("a misspelt level", json!({"filter": "inof"}), "#/filter"),
        ("nothing", json!({"filter": ""}), "#/filter"),
        ("no level", json!({"filter": "foundation="}), "#/filter"),
        ("no target", json!({"filter": "=debug"}), "#/filter"),
        ("a field of a span", json!({"filter": "[{password=.*}]=trace"}), "#/filter"),
        ("a new line", json!({"filter": "info\nforged=debug"}), "#/filter"),
        ("too many", json!({"filter": many}), "#/filter"),
        ("no time", json!({"filter": "debug", "seconds": 0}), "#/seconds"),
        ("for ever", json!({"filter": "debug", "seconds": 14_401}), "#/seconds"),
        ("a field unknown", json!({"filter": "debug", "minutes": 1}), "#/minutes"),
    ];
    for (name, change, pointer) in cases {
        let reply = client.json(Method::PUT, "/operations/log-level", &change).await;
        assert_eq!(reply.problem(422)["errors"][0]["pointer"], pointer, "{name}");
    }
    let now = client.get("/operations/log-level").await.json();
    assert_eq!(now, json!({"filter": "info", "configured": "info"}));
}

#[actix_web::test]
async fn a_line_names_its_request_also_when_the_level_hides_the_spans() {
    let _alone = alone().await;
    let (app, tap) = (operated(&["--max-in-flight", "0"]), on_call::tap());
    let level = telemetry::log_level().unwrap();
    level.change("warn", Duration::from_secs(600)).unwrap();
    let named = [("x-request-id", "refused")];
    app.anonymous().send(Method::GET, "/api/orders/1", &named, None).await.problem(503);
    level.revert();
    let lines = tap.lines();
    let shed = lines.iter().find(|line| line.message == "request shed").expect("a warning");
    assert_eq!(shed.request_id.as_deref(), Some("refused"), "{shed}");
    assert!(shed.to_string().contains("WARN  request shed request_id=refused"), "{shed}");
}

#[actix_web::test]
async fn it_is_changed_without_http_as_well() {
    let _alone = alone().await;
    telemetry::init_quiet("info").unwrap();
    let level = telemetry::log_level().unwrap();
    let minute = Duration::from_secs(60);
    assert_eq!(level.change("debug", minute * 241), Err(LogLevelError::Duration));
    assert_eq!(level.change("warn", minute).unwrap().filter, "info,warn");
    assert_eq!(level.change("debug", minute).unwrap().filter, "info,debug", "in its place");
    assert_eq!(level.revert(), level.current());
    assert_eq!(level.current().until, None);
}

fn served(lines: &[telemetry::LogLine]) -> Vec<telemetry::LogLine> {
    let served = |line: &&telemetry::LogLine| line.message == "request served";
    lines.iter().filter(served).cloned().collect()
}
