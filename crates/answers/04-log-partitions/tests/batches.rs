//! What writers of the log may rely on, and what is refused.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use actix_web::http::Method;
use chrono::{DateTime, TimeDelta, Utc};
use foundation::testing::count;
use serde_json::{Value, json};
use support::{JANUARY, entry, ingest, january};

#[actix_web::test]
async fn eight_clients_at_once_lose_nothing() {
    let app = january();
    let client = app.anonymous();
    let batches = (0..8).map(|writer| {
        let client = client.clone();
        async move {
            let at = |n: i64| {
                let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
                (start + TimeDelta::minutes(n * 97)).to_rfc3339()
            };
            let entries: Vec<Value> = (0..500)
                .map(|n| entry(&at(n), "info", &format!("writer-{writer}"), "tick"))
                .collect();
            ingest(&client, &entries).await["accepted"].as_i64().unwrap()
        }
    });
    let accepted: i64 = futures_util::future::join_all(batches).await.into_iter().sum();
    assert_eq!((accepted, count(&app.scratch, "log_entries")), (4_000, 4_000));
}

#[actix_web::test]
async fn ten_thousand_entries_are_one_batch_and_one_more_is_refused() {
    let app = january();
    let client = app.anonymous();
    let one = entry("2026-01-10T00:00:00Z", "info", "bulk", "one of many");
    let stored = ingest(&client, &vec![one.clone(); 10_000]).await;
    assert_eq!(stored["accepted"], 10_000);

    let reply = client.post("/api/v1/logs", &json!({"entries": vec![one; 10_001]})).await;
    let problem = reply.problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "#/entries", "{problem}");
    assert_eq!(count(&app.scratch, "log_entries"), 10_000);
}

#[actix_web::test]
async fn a_bad_row_refuses_the_batch_and_is_pointed_at() {
    let app = january();
    let client = app.anonymous();
    let good = entry("2026-01-10T00:00:00Z", "info", "checkout", "fine");
    let cases = [
        ("level", json!("loud"), "not_allowed"),
        ("level", json!("ERROR"), "not_allowed"),
        ("level", json!(4), "wrong_type"),
        ("level", json!(null), "wrong_type"),
        ("logged_at", json!("yesterday"), "not_a_time"),
        ("logged_at", json!("2026-01-10"), "not_a_time"),
        ("logged_at", json!("2026-01-10T00:00:00"), "not_a_time"),
        ("logged_at", json!("2026-02-30T00:00:00Z"), "not_a_time"),
        ("logged_at", json!("1999-12-31T23:59:59Z"), "out_of_range"),
        ("logged_at", json!("2100-01-01T00:00:00Z"), "out_of_range"),
        ("logged_at", json!("9999-12-31T23:59:59-23:59"), "out_of_range"),
        ("service", json!(""), "empty"),
        ("service", json!("s".repeat(65)), "too_long"),
        ("service", json!("two\nlines"), "control_character"),
        ("message", json!(""), "empty"),
        ("message", json!("m".repeat(4_097)), "too_long"),
        ("message", json!("🦀".repeat(2_049)), "too_long"),
        ("message", json!("nul\u{0}"), "control_character"),
        ("message", json!("\u{1b}[31mred"), "control_character"),
        ("message", json!("carriage\rreturn"), "control_character"),
        ("secret", json!("x"), "unknown_field"),
    ];
    for (member, value, code) in cases {
        let mut bad = good.clone();
        bad[member] = value.clone();
        let body = json!({"entries": [good, good, bad]});
        let problem = client.post("/api/v1/logs", &body).await.problem(422);
        let expected = (json!(format!("#/entries/2/{member}")), json!(code));
        let error = &problem["errors"][0];
        assert_eq!((error["pointer"].clone(), error["code"].clone()), expected, "{value}");
    }
    assert_eq!(count(&app.scratch, "log_entries"), 0, "nothing of any batch was stored");
}

#[actix_web::test]
async fn the_longest_texts_are_stored_as_they_are() {
    let app = january();
    let client = app.anonymous();
    let (service, message) = ("🦀".repeat(64), "é".repeat(4_096));
    ingest(&client, &[entry("2026-01-10T00:00:00Z", "debug", &service, &message)]).await;
    let listed = client.get(JANUARY).await.json();
    assert_eq!((&listed[0]["service"], &listed[0]["message"]), (&json!(service), &json!(message)));
}

#[actix_web::test]
async fn bad_rows_are_reported_together_and_their_number_is_bounded() {
    let app = january();
    let client = app.anonymous();
    let bad = entry("never", "loud", "", "");
    let problem =
        client.post("/api/v1/logs", &json!({"entries": vec![bad; 9_000]})).await.problem(422);
    let pointers: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(pointers.len(), 20);
    assert_eq!(pointers[..2], ["#/entries/0/logged_at", "#/entries/0/level"]);
    assert_eq!(pointers[19], "#/entries/4/message");
}

#[actix_web::test]
async fn a_body_that_is_no_batch_is_refused() {
    let app = january();
    let client = app.anonymous();
    let huge = format!(r#"{{"entries": ["{}"]}}"#, "x".repeat(9 << 20));
    let cases: [(&str, &str, u16); 7] = [
        ("application/json", "", 400),
        ("application/json", r#"{"entries": ["#, 400),
        ("application/json", "{}", 422),
        ("application/json", r#"{"entries": []}"#, 422),
        ("application/json", r#"{"entries": [], "more": 1}"#, 422),
        ("text/plain", r#"{"entries": []}"#, 415),
        ("application/json", &huge, 413),
    ];
    for (media_type, body, status) in cases {
        let headers = [("content-type", media_type)];
        let body = Some(body.as_bytes().to_vec());
        client.send(Method::POST, "/api/v1/logs", &headers, body).await.problem(status);
    }
}
