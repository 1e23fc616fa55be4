//! The alarm for rows outside every month.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use foundation::testing::TestApp;
use log_partitions::maintenance::{Retention, maintain};
use serde_json::json;

#[actix_web::test]
async fn rows_outside_every_month_raise_the_metric_and_others_do_not() {
    let app = TestApp::serving(&[&log_partitions::MODULE], &[]);
    let now = "2026-01-15T00:00:00Z".parse().unwrap();
    let mut connection = app.scratch.connect().unwrap();
    maintain(&mut connection, now, Retention::Months(13), false).unwrap();
    let client = app.anonymous();
    let exposed = || async {
        let text = client.get("/metrics").await.text;
        let line = text.lines().find(|line| line.starts_with("log_default_partition_rows_total "));
        line.map(str::to_owned)
    };
    assert_eq!(exposed().await.as_deref(), Some("log_default_partition_rows_total 0"));

    let entry =
        |at: &str| json!({"logged_at": at, "level": "info", "service": "s", "message": "m"});
    let batch = ["2026-01-01T00:00:00Z", "2031-05-05T00:00:00Z", "2002-02-02T00:00:00Z"].map(entry);
    let reply = client.post("/api/v1/logs", &json!({"entries": batch})).await;
    assert_eq!(reply.json(), json!({"accepted": 3, "outside_partitions": 2}));
    assert_eq!(exposed().await.as_deref(), Some("log_default_partition_rows_total 2"));

    let reply =
        client.post("/api/v1/logs", &json!({"entries": [entry("2026-02-01T00:00:00Z")]})).await;
    assert_eq!(reply.status, 201);
    assert_eq!(exposed().await.as_deref(), Some("log_default_partition_rows_total 2"));
}
