//! Passwords that other systems get wrong, through the routes that take them.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use actix_web::http::Method;
use auth::testing::account;
use auth::{MODULE, UserId};
use foundation::testing::{Client, TestApp};
use serde_json::json;
use support::{
    ADA, PASSWORD, PASSWORD_ROUTE, SESSIONS, app, app_with, flags, log_in, login, value,
};

/// Ada's new password is this one.
async fn change_to(app: &TestApp, new: &str) {
    let device = log_in(&app.anonymous()).await;
    let body = json!({"current_password": PASSWORD, "new_password": new});
    let reply = app.bearing(device.access).json(Method::PUT, PASSWORD_ROUTE, &body).await;
    assert_eq!(reply.status, 204, "{}", reply.text);
}

async fn status(client: &Client, password: &str) -> u16 {
    client.post(SESSIONS, &login(ADA, password)).await.status.as_u16()
}

fn stored_hash(app: &TestApp) -> String {
    value(&app.scratch, "SELECT password_hash FROM users WHERE email = 'ada@example.org'")
}

#[actix_web::test]
async fn what_comes_after_72_bytes_counts() {
    let app = app();
    let seventy_two = "12 bytes of it; ".repeat(4) + "and 8...";
    assert_eq!(seventy_two.len(), 72);
    let long = format!("{seventy_two}tail");
    change_to(&app, &long).await;
    let client = app.anonymous();
    assert_eq!(status(&client, &format!("{seventy_two}liat")).await, 401, "another tail");
    assert_eq!(status(&client, &seventy_two).await, 401, "no tail");
    assert_eq!(status(&client, &long).await, 201);
}

#[actix_web::test]
async fn sixty_four_euro_signs_are_a_password_of_64_characters_to_the_last() {
    let app = app();
    // 192 bytes; not all alike, as a password of one character over and over is refused.
    let euros: String = "€£¥₿".repeat(16);
    change_to(&app, &euros).await;
    let client = app.anonymous();
    let mut shorter = euros.clone();
    shorter.pop();
    assert_eq!(status(&client, &shorter).await, 401);
    assert_eq!(status(&client, &format!("{shorter}€")).await, 401);
    assert_eq!(status(&client, &euros).await, 201);
    let only_euros = "€".repeat(64);
    let _ = account(&app.scratch, ADA, &only_euros, 4);
    assert_eq!(status(&client, &"€".repeat(63)).await, 401);
    assert_eq!(status(&client, &only_euros).await, 201, "who has one from before gets in");
}

#[actix_web::test]
async fn a_nul_ends_no_password() {
    let app = app();
    let client = app.anonymous();
    assert_eq!(status(&client, &format!("{PASSWORD}\u{0}")).await, 401, "not the same password");
    assert_eq!(status(&client, &format!("{PASSWORD}\u{0}and more")).await, 401);
    let device = log_in(&client).await;
    let body = json!({"current_password": PASSWORD, "new_password": "a nul\u{0} in a password"});
    let reply = app.bearing(device.access).json(Method::PUT, PASSWORD_ROUTE, &body).await;
    assert_eq!(reply.problem(422)["errors"][0]["code"], "control_character");
}

#[actix_web::test]
async fn a_password_of_a_megabyte_is_refused_before_it_costs_anything() {
    let app = app();
    let client = app.anonymous();
    let huge = "x".repeat(1_000_000);
    client.post(SESSIONS, &login(ADA, &huge)).await.problem(413);
    let device = log_in(&client).await;
    let body = json!({"current_password": PASSWORD, "new_password": huge});
    let reply = app.bearing(device.access).json(Method::PUT, PASSWORD_ROUTE, &body).await;
    reply.problem(413);
}

#[actix_web::test]
async fn both_forms_of_an_accent_log_in() {
    let app = app();
    let _ = account(&app.scratch, ADA, "cr\u{e8}me br\u{fb}l\u{e9}e", 4);
    let client = app.anonymous();
    assert_eq!(status(&client, "cre\u{300}me bru\u{302}le\u{301}e").await, 201);
}

#[actix_web::test]
async fn a_hash_of_a_lower_cost_is_upgraded_at_log_in_to_the_default_cost_of_12() {
    let defaults = ["--rate-limit", "0", "--hashing-wait", "60s"];
    let app = TestApp::serving(&[&MODULE], &defaults);
    let _: UserId = account(&app.scratch, ADA, PASSWORD, 4);
    assert!(stored_hash(&app).starts_with("$2b$04$"));
    let client = app.anonymous();
    assert_eq!(status(&client, "wrong horse battery").await, 401);
    assert!(stored_hash(&app).starts_with("$2b$04$"), "not by who does not know it");
    assert_eq!(status(&client, PASSWORD).await, 201);
    let upgraded = stored_hash(&app);
    assert!(upgraded.starts_with("$2b$12$"), "{upgraded}");
    assert_eq!(status(&client, PASSWORD).await, 201);
    assert_eq!(stored_hash(&app), upgraded, "once");
}

#[actix_web::test]
async fn log_ins_that_upgrade_a_hash_at_the_same_time_all_succeed() {
    let app = app_with(&["--bcrypt-cost", "5"]);
    let replica = TestApp::serving_on(&app.scratch, &[&MODULE], &flags(&["--bcrypt-cost", "5"]));
    for _ in 0..4 {
        let _ = account(&app.scratch, ADA, PASSWORD, 4);
        let clients = (0..6).map(|n| if n % 2 == 0 { &app } else { &replica }.anonymous());
        let racing = clients.map(|client| async move { status(&client, PASSWORD).await });
        let statuses = futures_util::future::join_all(racing).await;
        assert_eq!(statuses, [201; 6]);
        assert!(stored_hash(&app).starts_with("$2b$05$"));
    }
}

#[actix_web::test]
async fn more_log_ins_than_can_be_verified_are_refused_and_not_held_against_anybody() {
    let app = app_with(&["--bcrypt-cost", "9", "--hashing-queue", "1", "--login-limit", "50"]);
    let _ = account(&app.scratch, ADA, PASSWORD, 9);
    let client = app.anonymous();
    let body = login(ADA, PASSWORD);
    let racing = (0..12).map(|_| client.post(SESSIONS, &body));
    let replies = futures_util::future::join_all(racing).await;
    let shed: Vec<_> = replies.iter().filter(|reply| reply.status != 201).collect();
    assert!(!shed.is_empty() && shed.len() < 12, "{} of 12", shed.len());
    for reply in shed {
        reply.problem(503);
        assert!(!reply.header("retry-after").is_empty());
    }
}
