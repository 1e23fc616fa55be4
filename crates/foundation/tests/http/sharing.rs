//! Servers that share a Redis, and go on without it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use foundation::module::{Module, Share, StartFailure, Starting};
use foundation::scratch::Scratch;
use foundation::testing::{Client, TestApp, TestRedis};
use local_services::{Purpose, Signal};

static MODULE: Module =
    Module { routes: crate::common::ROUTES[0], start: Module::nothing_to_start, jobs: &[] };

fn scratch() -> Arc<Scratch> {
    Arc::new(Scratch::create(Purpose::Test).unwrap())
}

async fn status(client: &Client) -> u16 {
    client.get("/api/big").await.status.as_u16()
}

/// Health is never limited, and tells about Redis.
async fn until_ready_says(client: &Client, body: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let reply = client.get("/health/ready").await;
        assert_eq!(reply.status.as_u16(), 200, "a server is ready with and without Redis");
        if reply.text == body {
            return;
        }
        assert!(Instant::now() < deadline, "{} instead of {body}", reply.text);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

const UP: &str = r#"{"status":"ok","redis":"up"}"#;
const DOWN: &str = r#"{"status":"ok","redis":"down"}"#;

#[actix_web::test]
async fn the_limit_of_an_address_holds_across_servers_and_restarts() {
    let (scratch, redis) = (scratch(), TestRedis::start());
    let start =
        || TestApp::serving_with(&scratch, &[&MODULE], &["--rate-limit", "6"], Some(&redis));
    let (one, two) = (start(), start());
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(status(&one.anonymous()).await);
        statuses.push(status(&two.anonymous()).await);
    }
    assert_eq!(statuses, [200; 6], "six in all, whoever serves them");
    let refused = two.anonymous().get("/api/big").await;
    refused.problem(429);
    assert!(refused.header("ratelimit").contains("r=0"), "{}", refused.header("ratelimit"));
    drop(one);
    assert_eq!(status(&start().anonymous()).await, 429, "a restart forgets nothing");
}

#[actix_web::test]
async fn servers_of_different_databases_share_nothing_in_one_redis() {
    let redis = TestRedis::start();
    let start =
        || TestApp::serving_with(&scratch(), &[&MODULE], &["--rate-limit", "1"], Some(&redis));
    let (one, two) = (start(), start());
    assert_eq!(status(&one.anonymous()).await, 200);
    assert_eq!(status(&one.anonymous()).await, 429);
    assert_eq!(status(&two.anonymous()).await, 200);
}

#[actix_web::test]
async fn while_redis_is_gone_each_server_limits_by_itself_and_shares_again_afterwards() {
    let (scratch, mut redis) = (scratch(), TestRedis::start());
    let flags = ["--rate-limit", "2", "--redis-wait", "50ms"];
    let start = || TestApp::serving_with(&scratch, &[&MODULE], &flags, Some(&redis));
    let servers = [start(), start()];
    let [one, two] = [servers[0].anonymous(), servers[1].anonymous()];
    for client in [&one, &two] {
        until_ready_says(client, UP).await;
    }
    redis.signal(Signal::Kill);
    for client in [&one, &two] {
        until_ready_says(client, DOWN).await;
        let statuses = [status(client).await, status(client).await, status(client).await];
        assert_eq!(statuses, [200, 200, 429], "a limit of its own");
    }
    redis.restart();
    for client in [&one, &two] {
        until_ready_says(client, UP).await;
    }
    let statuses = [status(&one).await, status(&two).await, status(&one).await];
    assert_eq!(statuses, [200, 200, 429], "one limit for both");
}

#[actix_web::test]
async fn a_redis_that_hangs_fails_no_request() {
    let redis = TestRedis::start();
    let flags = ["--redis-wait", "50ms"];
    let app = TestApp::serving_with(&scratch(), &[&MODULE], &flags, Some(&redis));
    let client = app.anonymous();
    until_ready_says(&client, UP).await;
    redis.signal(Signal::Stop);
    for _ in 0..20 {
        assert_eq!(status(&client).await, 200);
    }
    until_ready_says(&client, DOWN).await;
    let deadline = Instant::now() + Duration::from_secs(20);
    while !client.get("/metrics").await.text.contains("redis_up 0") {
        assert!(Instant::now() < deadline, "the metric still says that Redis answers");
    }
    redis.signal(Signal::Continue);
    until_ready_says(&client, UP).await;
}

#[actix_web::test]
async fn a_server_starts_while_its_redis_is_down() {
    let (scratch, mut redis) = (scratch(), TestRedis::start());
    redis.signal(Signal::Kill);
    let app = TestApp::serving_with(&scratch, &[&MODULE], &[], Some(&redis));
    until_ready_says(&app.anonymous(), DOWN).await;
    assert_eq!(status(&app.anonymous()).await, 200);
    redis.restart();
    until_ready_says(&app.anonymous(), UP).await;
}

#[derive(Clone)]
struct Lane;

static STARTED: AtomicU32 = AtomicU32::new(0);

fn start_with_lane(starting: &mut Starting<'_>) -> Result<Share, StartFailure> {
    starting.once(|_| {
        STARTED.fetch_add(1, Ordering::SeqCst);
        Ok(Lane)
    })?;
    Module::nothing_to_start(starting)
}

#[actix_web::test]
async fn what_two_modules_need_is_started_once_for_each_server() {
    let needs_lane = Module { routes: |_| {}, start: start_with_lane, jobs: &[] };
    let scratch = scratch();
    let _one = TestApp::serving_on(&scratch, &[&needs_lane, &needs_lane, &MODULE], &[]);
    assert_eq!(STARTED.load(Ordering::SeqCst), 1);
    let _two = TestApp::serving_on(&scratch, &[&needs_lane], &[]);
    assert_eq!(STARTED.load(Ordering::SeqCst), 2);
}
