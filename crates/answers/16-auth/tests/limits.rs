//! Guesses from many places, on several servers.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::http::Method;
use auth::MODULE;
use auth::testing::account;
use foundation::rate_limit::RateLimit;
use foundation::redis::cmd;
use foundation::testing::{Reply, TestApp, TestRedis};
use serde_json::json;
use support::{
    ADA, CURRENT, FLAGS, PASSWORD, PASSWORD_ROUTE, SESSIONS, app_with, delete, listed, log_in,
    log_in_from, login, metric, refresh,
};

/// The limits as they are when nobody sets them.
const DEFAULTS: [&str; 6] = ["--bcrypt-cost", "4", "--hashing-wait", "60s", "--rate-limit", "0"];
/// Wrong passwords that an account may get at once; then one more every 90 seconds.
const LIMIT: usize = 10;

fn wrong() -> serde_json::Value {
    login(ADA, "wrong horse battery")
}

/// 60 wrong passwords for Ada from 60 addresses, in turn on each of the servers: how often each
/// status was answered.
async fn attack(servers: &[&TestApp]) -> BTreeMap<u16, usize> {
    let mut statuses = BTreeMap::new();
    for n in 0..60_u8 {
        let server = servers[usize::from(n) % servers.len()];
        *statuses.entry(log_in_from(server, n + 1, &wrong()).await).or_default() += 1;
    }
    statuses
}

/// As if this time had passed for the account that was attacked.
async fn wait_on(app: &TestApp, time: Duration) {
    let redis = app.redis.as_ref().unwrap();
    let prefix = redis.key("limit:login-account:");
    let keys: Vec<String> = redis.query(cmd("KEYS").arg(format!("{prefix}*"))).await.unwrap();
    assert_eq!(keys.len(), 1, "{keys:?}");
    let key = keys[0].strip_prefix(&prefix).unwrap().to_owned();
    let limit = NonZeroU32::new(u32::try_from(LIMIT).unwrap()).unwrap();
    let window = Duration::from_secs(15 * 60);
    let shared = RateLimit::<String>::new("login-account", limit, window).shared(Some(redis));
    shared.pass_time(&key, time).await;
}

#[actix_web::test]
async fn two_replicas_verify_no_more_wrong_passwords_than_one_also_after_a_restart() {
    let redis = TestRedis::start();
    let one = TestApp::serving(&[&MODULE], &DEFAULTS);
    let scratch = one.scratch.clone();
    drop(one);
    let start = || TestApp::serving_with(&scratch, &[&MODULE], &DEFAULTS, Some(&redis));
    let (one, other) = (start(), start());
    let _ = account(&scratch, ADA, PASSWORD, 4);
    let live = log_in(&one.anonymous()).await;

    let statuses = attack(&[&one, &other]).await;
    assert_eq!(statuses, BTreeMap::from([(401, LIMIT), (429, 60 - LIMIT)]));
    let verified = |app: &TestApp| metric(app, "password_hashing_seconds_count");
    assert_eq!(verified(&one) + verified(&other), LIMIT as u64 + 1, "and the log-in before");

    drop((one, other));
    let (one, other) = (start(), start());
    assert_eq!(attack(&[&one, &other]).await, BTreeMap::from([(429, 60)]), "after a restart");
    assert_eq!(verified(&one) + verified(&other), 0);

    assert_eq!(listed(&other, &live.access).await, [live.session], "the live session goes on");
    assert_eq!(refresh(&other.anonymous(), &live.refresh).await.status, 200);

    let reply = one.anonymous().post(SESSIONS, &login(ADA, PASSWORD)).await;
    reply.problem(429);
    let seconds: u64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=90).contains(&seconds), "{seconds}");
    wait_on(&one, Duration::from_secs(seconds)).await;
    log_in(&other.anonymous()).await;
}

#[actix_web::test]
async fn a_single_server_without_redis_holds_the_limit_by_itself() {
    let app = TestApp::serving(&[&MODULE], &DEFAULTS);
    let _ = account(&app.scratch, ADA, PASSWORD, 4);
    assert_eq!(attack(&[&app]).await, BTreeMap::from([(401, LIMIT), (429, 60 - LIMIT)]));
}

#[actix_web::test]
async fn passwords_that_are_right_are_not_counted() {
    let redis = TestRedis::start();
    let app = TestApp::serving(&[&MODULE], &FLAGS);
    let _ = account(&app.scratch, ADA, PASSWORD, 4);
    let limited = [&FLAGS[..6], &["--login-limit", "3", "--login-address-limit", "3"]].concat();
    for redis in [None, Some(&redis)] {
        let server = TestApp::serving_with(&app.scratch, &[&MODULE], &limited, redis);
        for _ in 0..8 {
            log_in(&server.anonymous()).await;
        }
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(server.anonymous().post(SESSIONS, &wrong()).await.status.as_u16());
        }
        assert_eq!(statuses, [401, 401, 401, 429]);
    }
}

#[actix_web::test]
async fn many_guesses_at_once_are_counted_before_they_are_looked_at() {
    let app = app_with(&["--login-limit", "3"]);
    let (client, body) = (app.anonymous(), wrong());
    let replies = futures_util::future::join_all((0..20).map(|_| client.post(SESSIONS, &body)));
    let statuses = replies.await;
    let verified = statuses.iter().filter(|reply: &&Reply| reply.status == 401).count();
    assert_eq!(verified, 3);
    assert_eq!(metric(&app, "password_hashing_seconds_count"), 3);
    assert_eq!(metric(&app, "logins_failed_total"), 3);
}

/// Wrong passwords for as many accounts, each naming another client in its forwarding header.
async fn spray(app: &TestApp, attempts: u8, forwarded: impl Fn(u8) -> String) -> Vec<u16> {
    let mut statuses = Vec::new();
    for n in 0..attempts {
        let body = login(&format!("user{n}@example.org"), "wrong horse battery").to_string();
        let name = forwarded(n);
        let headers = [("content-type", "application/json"), ("x-forwarded-for", name.as_str())];
        let client = app.anonymous();
        let reply = client.send(Method::POST, SESSIONS, &headers, Some(body.into_bytes())).await;
        statuses.push(reply.status.as_u16());
    }
    statuses
}

#[actix_web::test]
async fn one_address_may_not_try_many_accounts_whatever_it_says_it_forwards() {
    let app = app_with(&["--login-address-limit", "3"]);
    let statuses = spray(&app, 5, |n| format!("203.0.113.{n}")).await;
    assert_eq!(statuses, [401, 401, 401, 429, 429]);
    let elsewhere = log_in_from(&app, 9, &login(ADA, PASSWORD)).await;
    assert_eq!(elsewhere, 201, "who is elsewhere is not limited with it");
}

#[actix_web::test]
async fn behind_a_trusted_proxy_each_client_has_its_own_limit_and_cannot_make_up_another() {
    let trusting = ["--login-address-limit", "3", "--trusted-proxies", "127.0.0.0/8"];
    let app = app_with(&trusting);
    let statuses = spray(&app, 5, |n| format!("203.0.113.{n}")).await;
    assert_eq!(statuses, [401; 5], "five clients");
    let statuses = spray(&app, 5, |n| format!("198.51.100.{n}, 192.0.2.7")).await;
    assert_eq!(statuses, [401, 401, 401, 429, 429], "one client, which writes what it likes");
}

#[actix_web::test]
async fn an_address_that_is_refused_does_not_use_up_the_attempts_of_an_account() {
    let app = app_with(&["--login-address-limit", "3", "--login-limit", "5"]);
    let _ = spray(&app, 3, |_| "203.0.113.1".to_owned()).await;
    for _ in 0..10 {
        app.anonymous().post(SESSIONS, &wrong()).await.problem(429);
    }
    assert_eq!(log_in_from(&app, 9, &login(ADA, PASSWORD)).await, 201);
}

#[actix_web::test]
async fn while_redis_is_gone_log_ins_alone_are_refused() {
    let mut redis = TestRedis::start();
    let app = TestApp::serving(&[&MODULE], &FLAGS);
    let _ = account(&app.scratch, ADA, PASSWORD, 4);
    let app = TestApp::serving_with(&app.scratch, &[&MODULE], &FLAGS[..6], Some(&redis));
    let client = app.anonymous();
    let device = log_in(&client).await;

    redis.signal(local_services::Signal::Kill);
    let reply = client.post(SESSIONS, &login(ADA, PASSWORD)).await;
    reply.problem(503);
    assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
    let reply = refresh(&client, &device.refresh).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let mine = app.bearing(&device.access);
    assert_eq!(mine.get(SESSIONS).await.status, 200);
    let change = json!({"current_password": PASSWORD, "new_password": "staple horse battery"});
    assert_eq!(mine.json(Method::PUT, PASSWORD_ROUTE, &change).await.status, 204);
    assert_eq!(delete(&mine, CURRENT).await.status, 204);

    redis.restart();
    let again = login(ADA, "staple horse battery");
    while client.post(SESSIONS, &again).await.status == 503 {
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(client.post(SESSIONS, &again).await.status, 201, "by itself");
}

#[actix_web::test]
async fn a_server_without_limits_counts_nothing() {
    let app = app_with(&[]);
    assert_eq!(attack(&[&app]).await, BTreeMap::from([(401, 60)]));
}
