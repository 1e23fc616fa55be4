//! What a server tells of its caches: the statistics route and the metrics.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use caching::{Cache, CacheSettings, Caches, MODULE};
use foundation::module::{Module, Share, StartFailure, Starting};
use foundation::scratch::Scratch;
use foundation::testing::{TestApp, TestRedis};
use local_services::{Purpose, Signal};
use serde_json::{Value, json};

const STATISTICS: &str = "/api/v1/cache-statistics";

/// The cache that a module of somebody else has made on a server.
static MADE: OnceLock<Cache<u64>> = OnceLock::new();

/// Stands for an answer that caches.
static OTHER: Module = Module {
    routes: |_| {},
    start: |starting: &mut Starting<'_>| -> Result<Share, StartFailure> {
        let cache = Caches::start(starting)?.cache(CacheSettings::new("todo-lists"));
        MADE.set(cache).expect("one server has this module");
        Ok(Arc::new(|_| {}))
    },
    jobs: &[],
};

fn scratch() -> Arc<Scratch> {
    Arc::new(Scratch::create(Purpose::Test).unwrap())
}

#[actix_web::test]
async fn statistics_tell_of_every_cache_and_how_its_levels_did() {
    let redis = TestRedis::start();
    let flags = ["--redis-wait", "5s"];
    let app = TestApp::serving_with(&scratch(), &[&OTHER, &MODULE], &flags, Some(&redis));
    let client = app.anonymous();
    until(&app, "up").await;

    let cache = MADE.get().unwrap();
    for _ in 0..3 {
        cache.get_or_load("ada", async { Ok(Some(7)) }).await.unwrap();
    }
    let reply = client.get(STATISTICS).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "application/json"));
    let level = |hits: u64, misses: u64| json!({"hits": hits, "misses": misses, "stampede_avoided": 0, "stale_refused": 0});
    let whole = json!({
        "shared_level": "up",
        "caches": [{
            "name": "todo-lists", "local": level(2, 1), "shared": level(0, 1),
            "loads": 1, "round_trips": 2,
        }],
    });
    assert_eq!(reply.json(), whole);

    let metrics = client.get("/metrics").await.text;
    for line in [
        r#"cache_hits_total{cache="todo-lists",level="local"} 2"#,
        r#"cache_hits_total{cache="todo-lists",level="shared"} 0"#,
        r#"cache_misses_total{cache="todo-lists",level="local"} 1"#,
        r#"cache_stale_refused_total{cache="todo-lists",level="shared"} 0"#,
        r#"cache_stampede_avoided_total{cache="todo-lists",level="local"} 0"#,
        r#"cache_loads_total{cache="todo-lists"} 1"#,
        r#"cache_round_trips_total{cache="todo-lists"} 2"#,
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is missing in\n{metrics}");
    }

    redis.signal(Signal::Kill);
    until(&app, "lost").await;
}

/// Asks until the shared level is so.
async fn until(app: &TestApp, level: &str) {
    let client = app.anonymous();
    for _ in 0..600 {
        let statistics: Value = client.get(STATISTICS).await.json();
        if statistics["shared_level"] == level {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the shared level did not become {level}");
}

#[actix_web::test]
async fn a_server_without_redis_says_so() {
    let app = TestApp::serving(&[&MODULE], &[]);
    let reply = app.anonymous().get(STATISTICS).await;
    assert_eq!(reply.json(), json!({"shared_level": "none", "caches": []}));
}

#[actix_web::test]
async fn statistics_take_no_other_method_and_no_other_path() {
    let app = TestApp::serving(&[&MODULE], &[]);
    let client = app.anonymous();
    let reply = client.post(STATISTICS, &json!({})).await;
    reply.problem(405);
    assert!(reply.header("allow").contains("GET"), "{}", reply.header("allow"));
    client.get("/api/v1/cache-statistics/todo-lists").await.problem(404);
}
