//! Another password: who may set it, and what it ends.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::time::Duration;

use actix_web::http::Method;
use auth::testing::account;
use diesel::connection::SimpleConnection;
use foundation::testing::count;
use serde_json::json;
use support::{ADA, PASSWORD, PASSWORD_ROUTE, SESSIONS, app, app_with, log_in, login, refresh};

#[actix_web::test]
async fn a_change_of_password_ends_the_other_sessions_and_keeps_the_own_one() {
    let app = app();
    let client = app.anonymous();
    let (phone, laptop) = (log_in(&client).await, log_in(&client).await);
    let change = json!({"current_password": PASSWORD, "new_password": "staple horse battery"});
    let reply = app.bearing(&laptop.access).json(Method::PUT, PASSWORD_ROUTE, &change).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    refresh(&client, &phone.refresh).await.problem(401);
    assert_eq!(refresh(&client, &laptop.refresh).await.status, 200);
    client.post(SESSIONS, &login(ADA, PASSWORD)).await.problem(401);
    let reply = client.post(SESSIONS, &login(ADA, "staple horse battery")).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
}

#[actix_web::test]
async fn a_change_of_password_wants_the_present_one_and_a_good_new_one() {
    let app = app_with(&["--login-limit", "3"]);
    let device = log_in(&app.anonymous()).await;
    let client = app.bearing(&device.access);
    let cases = [
        (PASSWORD, "short", "#/new_password", "too_short"),
        (PASSWORD, "Ada@Example.org", "#/new_password", "guessable"),
        (PASSWORD, "a nul \u{0} in the middle", "#/new_password", "control_character"),
        ("wrong horse battery", "staple horse battery", "#/current_password", "wrong"),
    ];
    for (current, new, pointer, code) in cases {
        let body = json!({"current_password": current, "new_password": new});
        let problem = client.json(Method::PUT, PASSWORD_ROUTE, &body).await.problem(422);
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)));
    }
    let guess = json!({"current_password": "wrong", "new_password": "staple horse battery"});
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(client.json(Method::PUT, PASSWORD_ROUTE, &guess).await.status.as_u16());
    }
    assert_eq!(statuses, [422, 422, 429], "a stolen token is no way around the limit");
}

#[actix_web::test]
async fn a_log_in_that_races_a_change_of_password_does_not_outlive_it() {
    let app = app();
    let _ = account(&app.scratch, "eve@example.org", "staple horse battery", 4);
    // Changed, not committed: the log-in verifies the old password and then has to wait.
    let mut changing = app.scratch.connect().unwrap();
    let change = "BEGIN; UPDATE users SET password_hash = (SELECT password_hash FROM users \
                  WHERE email LIKE 'eve%') WHERE email LIKE 'ada%'";
    changing.batch_execute(change).unwrap();
    let client = app.anonymous();
    let racing =
        actix_web::rt::spawn(async move { client.post(SESSIONS, &login(ADA, PASSWORD)).await });
    let waiting =
        "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while count(&app.scratch, waiting) == 0 {
        actix_web::rt::time::sleep(Duration::from_millis(5)).await;
    }
    changing.batch_execute("COMMIT").unwrap();
    racing.await.unwrap().problem(401);
    assert_eq!(count(&app.scratch, "sessions"), 0);
}
