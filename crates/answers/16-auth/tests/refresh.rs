//! Refresh tokens that come back, and those that come at the same time.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use auth::MODULE;
use foundation::testing::{Client, TestApp, count, execute};
use futures_util::future::join_all;
use serde_json::json;
use support::{Device, REFRESH, app_with, flags, listed, log_in, metric, refresh, value};

const STRICT: [&str; 2] = ["--refresh-grace", "0s"];
const GRACE: [&str; 2] = ["--refresh-grace", "10s"];

async fn refreshed(client: &Client, token: &str) -> Device {
    let reply = refresh(client, token).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    Device::of(&reply)
}

#[actix_web::test]
async fn a_refresh_gives_new_tokens_of_the_same_session_that_no_cache_may_keep() {
    let app = app_with(&STRICT);
    let first = log_in(&app.anonymous()).await;
    let reply = refresh(&app.anonymous(), &first.refresh).await;
    assert_eq!((reply.status.as_u16(), reply.header("cache-control")), (200, "no-store"));
    let second = Device::of(&reply);
    assert_eq!(second.session, first.session);
    assert!(second.refresh != first.refresh && second.access != first.access);
    assert_eq!(listed(&app, &second.access).await, [first.session]);
}

#[actix_web::test]
async fn a_token_that_comes_back_ends_its_session_and_that_of_no_other_device() {
    let app = app_with(&STRICT);
    let client = app.anonymous();
    let (phone, laptop) = (log_in(&client).await, log_in(&client).await);
    let next = refreshed(&client, &phone.refresh).await;
    let replayed = refresh(&client, &phone.refresh).await;
    assert_eq!(replayed.problem(401)["detail"], "The refresh token is not valid; log in again.");
    assert!(replayed.header("www-authenticate").contains("invalid_token"));
    refresh(&client, &next.refresh).await.problem(401);
    assert_eq!(listed(&app, &laptop.access).await, [laptop.session]);
    refreshed(&client, &laptop.refresh).await;
    assert_eq!(metric(&app, "refresh_replayed_total"), 1);
}

#[actix_web::test]
async fn a_token_from_long_ago_is_recognised_too() {
    let app = app_with(&GRACE);
    let client = app.anonymous();
    let first = log_in(&client).await;
    let mut last = first.clone();
    for _ in 0..5 {
        last = refreshed(&client, &last.refresh).await;
    }
    refresh(&client, &first.refresh).await.problem(401);
    refresh(&client, &last.refresh).await.problem(401);
    assert_eq!(count(&app.scratch, "sessions"), 0, "also within the grace of the last one");
}

#[actix_web::test]
async fn a_client_that_lost_the_response_is_given_the_same_token_for_as_long_as_the_grace_lasts() {
    let app = app_with(&GRACE);
    let replica = TestApp::serving_on(&app.scratch, &[&MODULE], &flags(&GRACE));
    let lost = log_in(&app.anonymous()).await;
    let next = refreshed(&app.anonymous(), &lost.refresh).await;
    let again = refreshed(&replica.anonymous(), &lost.refresh).await;
    assert_eq!(again.refresh, next.refresh, "one lineage, on any replica");
    execute(
        &app.scratch,
        "UPDATE sessions SET last_used_at = last_used_at - interval '11 seconds'",
    );
    refresh(&app.anonymous(), &lost.refresh).await.problem(401);
    refresh(&app.anonymous(), &next.refresh).await.problem(401);
}

#[actix_web::test]
async fn the_grace_ends_when_the_next_token_is_used() {
    let app = app_with(&GRACE);
    let client = app.anonymous();
    let stolen = log_in(&client).await;
    let next = refreshed(&client, &stolen.refresh).await;
    let third = refreshed(&client, &next.refresh).await;
    refresh(&client, &stolen.refresh).await.problem(401);
    refresh(&client, &third.refresh).await.problem(401);
}

/// Twenty clients on two replicas that send one token at the same time: what each was told.
async fn race(one: &TestApp, other: &TestApp, token: &str) -> Vec<Option<Device>> {
    let body = json!({"refresh_token": token});
    let replies = join_all((0..20).map(|n| {
        let (client, body) = (if n % 2 == 0 { one } else { other }.anonymous(), body.clone());
        async move { client.post(REFRESH, &body).await }
    }));
    let told = replies.await.into_iter().map(|reply| match reply.status.as_u16() {
        200 => Some(Device::of(&reply)),
        _ => {
            reply.problem(401);
            None
        }
    });
    told.collect()
}

#[actix_web::test]
async fn twenty_refreshes_at_once_leave_one_lineage_that_all_of_them_know() {
    let app = app_with(&GRACE);
    let replica = TestApp::serving_on(&app.scratch, &[&MODULE], &flags(&GRACE));
    let device = log_in(&app.anonymous()).await;
    let told = race(&app, &replica, &device.refresh).await;
    let tokens: BTreeSet<&str> = told.iter().flatten().map(|one| one.refresh.as_str()).collect();
    assert_eq!((told.iter().flatten().count(), tokens.len()), (20, 1));
    assert_eq!(count(&app.scratch, "sessions"), 1);
    let next = refreshed(&app.anonymous(), tokens.first().unwrap()).await;
    assert_eq!(listed(&replica, &next.access).await, [device.session]);
}

#[actix_web::test]
async fn without_grace_one_of_twenty_refreshes_wins_and_the_others_end_its_session() {
    let app = app_with(&STRICT);
    let replica = TestApp::serving_on(&app.scratch, &[&MODULE], &flags(&STRICT));
    let device = log_in(&app.anonymous()).await;
    let told = race(&app, &replica, &device.refresh).await;
    assert_eq!(told.iter().flatten().count(), 1);
    assert_eq!(count(&app.scratch, "sessions"), 0, "nobody knows which of them was the owner");
    assert_eq!(
        metric(&app, "refresh_replayed_total") + metric(&replica, "refresh_replayed_total"),
        1
    );
}

#[actix_web::test]
async fn a_session_that_is_not_used_expires_and_its_token_is_no_replay() {
    let app = app_with(&STRICT);
    let device = log_in(&app.anonymous()).await;
    execute(&app.scratch, "UPDATE sessions SET expires_at = now()");
    refresh(&app.anonymous(), &device.refresh).await.problem(401);
    assert_eq!(metric(&app, "refresh_replayed_total"), 0);
    app.bearing(device.access).get("/api/v1/sessions").await.problem(401);
}

#[actix_web::test]
async fn a_session_ends_after_its_time_however_much_it_is_used() {
    let app = app_with(&STRICT);
    let device = log_in(&app.anonymous()).await;
    let idle = "SELECT round(extract(epoch FROM expires_at - last_used_at) / 86400) FROM sessions";
    let absolute = "SELECT round(extract(epoch FROM ends_at - created_at) / 86400) FROM sessions";
    assert_eq!(
        (value(&app.scratch, idle), value(&app.scratch, absolute)),
        ("14".into(), "90".into())
    );
    let nearly_over = "UPDATE sessions SET expires_at = now() + interval '100 seconds',
                       ends_at = now() + interval '100 seconds'";
    execute(&app.scratch, nearly_over);
    let reply = refresh(&app.anonymous(), &device.refresh).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let lasts = reply.json()["expires_in"].as_u64().unwrap();
    assert!((90..=100).contains(&lasts), "no access token outlives its session: {lasts}");
    let left = value(&app.scratch, "SELECT expires_at = ends_at FROM sessions");
    assert_eq!(left, "true", "a refresh does not move it");
}

#[actix_web::test]
async fn what_is_no_refresh_token_is_refused_like_one_that_is_unknown() {
    let app = app_with(&STRICT);
    let client = app.anonymous();
    let device = log_in(&client).await;
    let unknown = auth::RefreshToken::random().expose();
    let mut details = BTreeSet::new();
    for token in [&unknown, "", "x", &device.access, &"x".repeat(64), &"x".repeat(9_000)] {
        let problem = refresh(&client, token).await.problem(401);
        details.insert(problem["detail"].as_str().unwrap().to_owned());
    }
    assert_eq!(details.len(), 1);
    client.post(REFRESH, &json!({})).await.problem(422);
    refreshed(&client, &device.refresh).await;
}

#[actix_web::test]
async fn a_refresh_that_the_client_gave_up_on_leaves_one_lineage() {
    let app = app_with(&GRACE);
    let device = log_in(&app.anonymous()).await;
    for _ in 0..10 {
        let (client, token) = (app.anonymous(), device.refresh.clone());
        let sent = refresh(&client, &token);
        let _ = actix_web::rt::time::timeout(Duration::from_millis(2), sent).await;
    }
    // Those given up on may still arrive, before this one or after it.
    let next = refreshed(&app.anonymous(), &device.refresh).await;
    let again = refreshed(&app.anonymous(), &device.refresh).await;
    assert_eq!(next.refresh, again.refresh);
    assert_eq!(count(&app.scratch, "sessions"), 1);
}
