//! What readers of the log may rely on: one claim a test, request and response in sight.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use actix_web::http::Method;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use support::{JANUARY, entry, ingest, january, make_months, messages};

#[actix_web::test]
async fn a_batch_is_stored_and_listed_newest_first() {
    let app = january();
    let client = app.anonymous();
    let stored = ingest(
        &client,
        &[
            entry("2026-01-10T08:00:00+01:00", "info", "checkout", "order 1 paid"),
            entry("2026-01-10T09:30:00.25Z", "error", "checkout", "card declined\n\tat pay()"),
        ],
    )
    .await;
    assert_eq!(stored, json!({"accepted": 2, "outside_partitions": 0}));

    let reply = client.get(JANUARY).await;
    assert_eq!((reply.status.as_u16(), reply.header("link")), (200, ""));
    let listed = reply.json();
    assert_eq!(messages(&listed), ["card declined\n\tat pay()", "order 1 paid"]);
    assert_eq!(listed[0]["logged_at"], "2026-01-10T09:30:00.250Z");
    assert_eq!(listed[1]["logged_at"], "2026-01-10T07:00:00Z", "offsets are turned into UTC");
    assert_eq!((&listed[1]["level"], &listed[1]["service"]), (&json!("info"), &json!("checkout")));
}

#[actix_web::test]
async fn the_range_holds_its_start_and_not_its_end() {
    let app = january();
    let client = app.anonymous();
    let times = [
        "2025-12-31T23:59:59.999999Z",
        "2026-01-01T00:00:00Z",
        "2026-01-31T23:59:59.999999Z",
        "2026-02-01T00:00:00Z",
    ];
    let entries: Vec<Value> = times.iter().map(|at| entry(at, "info", "clock", at)).collect();
    ingest(&client, &entries).await;
    let listed = client.get(JANUARY).await.json();
    assert_eq!(messages(&listed), [times[2], times[1]]);
}

#[actix_web::test]
async fn without_a_range_the_last_24_hours_are_listed() {
    let app = january();
    make_months(&mut app.scratch.connect().unwrap(), &Utc::now().to_rfc3339());
    let client = app.anonymous();
    let ago = |hours| (Utc::now() - TimeDelta::hours(hours)).to_rfc3339();
    let entries = [1, 23, 25].map(|hours| entry(&ago(hours), "info", "cron", &hours.to_string()));
    ingest(&client, &entries).await;
    assert_eq!(messages(&client.get("/api/v1/logs").await.json()), ["1", "23"]);
}

#[actix_web::test]
async fn level_means_this_level_and_worse_and_service_means_exactly_this_one() {
    let app = january();
    let client = app.anonymous();
    let at = "2026-01-10T00:00:00Z";
    let mut entries: Vec<Value> = ["debug", "info", "warn", "error", "fatal"]
        .map(|level| entry(at, level, "checkout", level))
        .into();
    entries.push(entry(at, "fatal", "check", "another service"));
    ingest(&client, &entries).await;
    let cases: [(&str, &[&str]); 4] = [
        ("level=fatal", &["another service", "fatal"]),
        ("level=error&service=checkout", &["fatal", "error"]),
        ("level=warn&service=checkout", &["fatal", "error", "warn"]),
        ("service=check", &["another service"]),
    ];
    for (filter, expected) in cases {
        let listed = client.get(&format!("{JANUARY}&{filter}")).await.json();
        assert_eq!(messages(&listed), expected, "{filter}");
    }
}

#[actix_web::test]
async fn pages_follow_their_links_without_gap_or_repeat_also_where_times_are_equal() {
    let app = january();
    let client = app.anonymous();
    // Two months and one instant shared by four entries, so that the id has to decide.
    let at = |n: usize| match n {
        0..4 => "2026-02-03T00:00:00Z",
        4..8 => "2026-01-20T12:00:00.000001Z",
        _ => "2026-01-20T12:00:00Z",
    };
    let entries: Vec<Value> =
        (0..11).map(|n| entry(at(n), "info", "pager", &n.to_string())).collect();
    ingest(&client, &entries).await;

    let mut path =
        "/api/v1/logs?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z&limit=3".to_owned();
    let (mut seen, mut sizes) = (Vec::new(), Vec::new());
    loop {
        let reply = client.get(&path).await;
        let listed = reply.json();
        seen.extend(messages(&listed).into_iter().map(str::to_owned));
        sizes.push(listed.as_array().unwrap().len());
        let Some(link) = reply.header("link").strip_suffix(">; rel=\"next\"") else { break };
        path = link.trim_start_matches('<').to_owned();
    }
    let in_order = ["3", "2", "1", "0", "7", "6", "5", "4", "10", "9", "8"];
    assert_eq!((seen, sizes), (in_order.map(str::to_owned).into(), vec![3, 3, 3, 2]));
}

#[actix_web::test]
async fn a_row_outside_every_month_is_kept_counted_and_listed() {
    let app = january();
    let client = app.anonymous();
    let stored = ingest(
        &client,
        &[
            entry("2026-01-10T00:00:00Z", "info", "clock", "now"),
            entry("2001-01-01T00:00:00Z", "info", "clock", "a clock without a battery"),
        ],
    )
    .await;
    assert_eq!(stored, json!({"accepted": 2, "outside_partitions": 1}));

    let range = "from=2000-12-01T00:00:00Z&to=2001-02-01T00:00:00Z";
    let listed = client.get(&format!("/api/v1/logs?{range}")).await.json();
    assert_eq!(messages(&listed), ["a clock without a battery"]);
    let partitions = client.get("/api/v1/logs/partitions").await.json();
    assert_eq!(partitions["rows_outside_partitions"], 1);
}

#[actix_web::test]
async fn partitions_are_listed_with_half_open_bounds() {
    let app = january();
    let reply = app.anonymous().get("/api/v1/logs/partitions").await;
    assert_eq!(reply.status, 200);
    let body = reply.json();
    let bounds: Vec<(&str, &str, &str)> = body["partitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| ["name", "from", "to"].map(|member| one[member].as_str().unwrap()).into())
        .collect();
    assert_eq!(bounds.len(), 4);
    let first = ("log_entries_2026_01", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
    assert_eq!(bounds[0], first);
    assert_eq!(body["partitions"][0]["estimated_rows"], Value::Null, "never analysed");
    assert!(body["partitions"][0]["bytes"].as_i64().unwrap() > 0, "{body}");
}

#[actix_web::test]
async fn a_parameter_that_cannot_be_used_is_named() {
    let app = january();
    let client = app.anonymous();
    let from = "from=2026-01-01T00:00:00Z";
    let cases = [
        (format!("{from}&to=2026-01-01T00:00:00Z"), 422, "from"),
        (format!("{from}&to=2025-12-31T00:00:00Z"), 422, "from"),
        (format!("{from}&to=2027-01-02T00:00:01Z"), 422, "from"),
        ("from=1999-12-31T23:59:59Z&to=2000-01-02T00:00:00Z".into(), 422, "from"),
        ("to=2100-01-01T00:00:00Z".into(), 422, "to"),
        ("to=%2B262142-12-31T23:59:59Z".into(), 422, "to"),
        ("from=2099-01-01T00:00:00Z".into(), 422, "from"),
        ("from=monday".into(), 400, "from"),
        ("level=loud".into(), 400, "level"),
        ("service=".into(), 422, "service"),
        ("service=a%00b".into(), 422, "service"),
        ("limit=0".into(), 422, "limit"),
        ("limit=201".into(), 422, "limit"),
        ("limit=-1".into(), 400, "limit"),
        ("cursor=bm90LW91cnM".into(), 400, "cursor"),
        ("page=2".into(), 400, "page"),
    ];
    for route in ["/api/v1/logs", "/api/v1/logs/plan"] {
        for (query, status, parameter) in &cases {
            let problem = client.get(&format!("{route}?{query}")).await.problem(*status);
            assert_eq!(problem["errors"][0]["parameter"], *parameter, "{query}: {problem}");
        }
    }
    let leap_year = "from=2024-01-01T00:00:00Z&to=2025-01-01T00:00:00Z";
    assert_eq!(client.get(&format!("/api/v1/logs?{leap_year}")).await.status, 200);
}

#[actix_web::test]
async fn an_address_without_the_method_says_which_it_has() {
    let app = january();
    let reply = app.anonymous().send(Method::DELETE, "/api/v1/logs", &[], None).await;
    reply.problem(405);
    assert_eq!(reply.header("allow"), "GET, HEAD, POST");
}
