//! What clients of the sessions API may rely on: one claim a test, request and response in sight.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use actix_web::http::Method;
use auth::AccountForm;
use auth::testing::sign_up;
use foundation::module::Module;
use foundation::testing::{Reply, TestApp, count, execute};
use serde_json::{Value, json};
use support::{
    ADA, CURRENT, Device, FLAGS, PASSWORD, PASSWORD_ROUTE, SESSIONS, app, app_with, delete, listed,
    log_in, login, refresh, value,
};

#[actix_web::test]
async fn a_log_in_gives_tokens_that_no_cache_may_keep() {
    let app = app();
    let reply = app.anonymous().post(SESSIONS, &login(ADA, PASSWORD)).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.header("cache-control"), "no-store");
    let Device { session, access, refresh } = Device::of(&reply);
    let whole = json!({"session_id": session, "access_token": access, "token_type": "Bearer",
        "expires_in": 600, "refresh_token": refresh});
    assert_eq!(reply.json(), whole);
    assert_eq!(listed(&app, &access).await, [session]);
}

#[actix_web::test]
async fn the_address_may_be_typed_in_capitals_and_with_spaces() {
    let app = app();
    for email in ["ADA@Example.org", " ada@example.org "] {
        let reply = app.anonymous().post(SESSIONS, &login(email, PASSWORD)).await;
        assert_eq!(reply.status, 201, "{email}: {}", reply.text);
    }
}

#[actix_web::test]
async fn log_in_asks_registration_which_addresses_are_one_account() {
    fn only_inner_names(typed: &str) -> Option<String> {
        typed.strip_suffix(" at work").map(|name| format!("{name}@example.org"))
    }
    static REGISTRATION: Module = Module {
        routes: |_| {},
        start: |starting| {
            AccountForm::is(starting, only_inner_names)?;
            Module::nothing_to_start(starting)
        },
        jobs: &[],
    };
    let first = app();
    let modules = [&auth::MODULE, &REGISTRATION];
    let app = TestApp::serving_on(&first.scratch, &modules, &FLAGS);
    let client = app.anonymous();
    assert_eq!(client.post(SESSIONS, &login("ada at work", PASSWORD)).await.status, 201);
    client.post(SESSIONS, &login(ADA, PASSWORD)).await.problem(422);
}

/// All of a response but what is new in each.
fn without_request_id(reply: &Reply) -> (u16, Vec<(String, String)>, Value) {
    let mut body = reply.problem(reply.status.as_u16());
    body.as_object_mut().unwrap().remove("request_id");
    let mut headers: Vec<(String, String)> = reply
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()))
        .collect();
    headers.sort();
    (reply.status.as_u16(), headers, body)
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_account_get_the_same_answer() {
    let app = app();
    let client = app.anonymous();
    let known = client.post(SESSIONS, &login(ADA, "wrong horse battery")).await;
    let unknown = client.post(SESSIONS, &login("eve@example.org", "wrong horse battery")).await;
    known.problem(401);
    assert_eq!(known.json()["detail"], "The address or the password is wrong.");
    assert_eq!(known.header("www-authenticate"), "Bearer realm=\"show-your-work\"");
    assert_eq!(without_request_id(&known), without_request_id(&unknown));
}

#[actix_web::test]
async fn a_limited_account_and_a_limited_unknown_one_get_the_same_answer() {
    let app = app_with(&["--login-limit", "2"]);
    let client = app.anonymous();
    let mut last = Vec::new();
    for email in [ADA, "eve@example.org"] {
        for _ in 0..2 {
            client.post(SESSIONS, &login(email, "wrong horse battery")).await.problem(401);
        }
        last.push(client.post(SESSIONS, &login(email, "wrong horse battery")).await);
    }
    let comparable = |reply: &Reply| {
        let (status, mut headers, body) = without_request_id(reply);
        headers.retain(|(name, _)| name != "retry-after");
        (status, headers, body)
    };
    last[0].problem(429);
    assert_eq!(comparable(&last[0]), comparable(&last[1]));
    let wait = |reply: &Reply| reply.header("retry-after").parse::<u64>().unwrap();
    assert!(wait(&last[0]).abs_diff(wait(&last[1])) <= 30, "as long as since, and no other sign");
}

#[actix_web::test]
async fn what_is_no_log_in_is_refused_for_what_it_is() {
    let app = app();
    let client = app.anonymous();
    let cases = [
        (json!({"email": "ada", "password": PASSWORD}), "#/email", "not_an_address"),
        (
            json!({"email": "ada\u{0}@example.org", "password": PASSWORD}),
            "#/email",
            "not_an_address",
        ),
        (json!({"email": ADA}), "#/password", "required"),
        (json!({"email": ADA, "password": 7}), "#/password", "wrong_type"),
        (json!({"email": ADA, "password": "x".repeat(600)}), "#/password", "too_long"),
        (json!({"email": ADA, "password": PASSWORD, "admin": true}), "#/admin", "unknown_field"),
    ];
    for (body, pointer, code) in cases {
        let problem = client.post(SESSIONS, &body).await.problem(422);
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{body}");
    }
}

#[actix_web::test]
async fn sessions_are_listed_with_what_each_client_calls_itself_and_which_is_asking() {
    let app = app();
    let body = Some(login(ADA, PASSWORD).to_string().into_bytes());
    let agent = "x".repeat(300);
    for name in ["phone", &agent] {
        let headers = [("content-type", "application/json"), ("user-agent", name)];
        app.anonymous().send(Method::POST, SESSIONS, &headers, body.clone()).await;
    }
    let laptop = log_in(&app.anonymous()).await;
    let sessions = app.bearing(laptop.access).get(SESSIONS).await.json();
    let of = |name: &str| -> Vec<Value> {
        sessions.as_array().unwrap().iter().map(|session| session[name].clone()).collect()
    };
    assert_eq!(of("is_current"), [true, false, false], "the one used last comes first");
    assert_eq!(of("user_agent")[1..], [json!("x".repeat(200)), json!("phone")]);
    assert!(of("expires_at").iter().all(Value::is_string) && of("last_used_at")[0].is_string());
    let members: Vec<&String> = sessions[0].as_object().unwrap().keys().collect();
    let all = ["created_at", "expires_at", "id", "is_current", "last_used_at", "user_agent"];
    assert_eq!(members, all, "no token and no hash");
}

#[actix_web::test]
async fn after_log_out_the_refresh_token_is_worth_nothing_and_other_devices_go_on() {
    let app = app();
    let client = app.anonymous();
    let (phone, laptop) = (log_in(&client).await, log_in(&client).await);
    let reply = delete(&app.bearing(&phone.access), CURRENT).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    refresh(&client, &phone.refresh).await.problem(401);
    assert_eq!(refresh(&client, &laptop.refresh).await.status, 200);
    assert_eq!(delete(&app.bearing(&phone.access), CURRENT).await.status, 204, "twice is once");
}

#[actix_web::test]
async fn log_out_everywhere_ends_every_session_of_this_account_and_of_no_other() {
    let app = app();
    let client = app.anonymous();
    let (phone, laptop) = (log_in(&client).await, log_in(&client).await);
    let stranger = sign_up(&app, "stranger");
    assert_eq!(delete(&app.bearing(&phone.access), SESSIONS).await.status, 204);
    for device in [&phone, &laptop] {
        refresh(&client, &device.refresh).await.problem(401);
        let reply = app.bearing(&device.access).get(SESSIONS).await;
        reply.problem(401);
        assert!(reply.header("www-authenticate").contains("invalid_token"), "{reply:?}");
    }
    assert_eq!(stranger.client.get(SESSIONS).await.status, 200);
}

#[actix_web::test]
async fn a_session_is_ended_by_its_owner_and_to_a_stranger_it_does_not_exist() {
    let app = app();
    let client = app.anonymous();
    let (phone, laptop) = (log_in(&client).await, log_in(&client).await);
    let of_phone = format!("{SESSIONS}/{}", phone.session);
    let stranger = sign_up(&app, "stranger").client;
    let theirs = delete(&stranger, &of_phone).await.problem(404);
    let missing = delete(&stranger, &format!("{SESSIONS}/999999")).await.problem(404);
    assert_eq!(theirs["detail"], missing["detail"]);
    assert_eq!(delete(&app.bearing(&laptop.access), &of_phone).await.status, 204);
    refresh(&client, &phone.refresh).await.problem(401);
    assert_eq!(listed(&app, &laptop.access).await, [laptop.session]);
}

#[actix_web::test]
async fn a_token_whose_session_was_ended_ends_no_other() {
    let app = app();
    let client = app.anonymous();
    let (stolen, laptop) = (log_in(&client).await, log_in(&client).await);
    let path = format!("{SESSIONS}/{}", stolen.session);
    assert_eq!(delete(&app.bearing(&laptop.access), &path).await.status, 204);
    let thief = app.bearing(&stolen.access);
    let of_laptop = format!("{SESSIONS}/{}", laptop.session);
    delete(&thief, &of_laptop).await.problem(401);
    delete(&thief, SESSIONS).await.problem(401);
    let change = json!({"current_password": PASSWORD, "new_password": "staple horse battery"});
    thief.json(Method::PUT, PASSWORD_ROUTE, &change).await.problem(401);
    assert_eq!(listed(&app, &laptop.access).await, [laptop.session]);
}

#[actix_web::test]
async fn an_account_that_is_deleted_takes_its_sessions_along() {
    let app = app();
    let device = log_in(&app.anonymous()).await;
    execute(&app.scratch, "DELETE FROM users");
    assert_eq!(count(&app.scratch, "sessions"), 0);
    refresh(&app.anonymous(), &device.refresh).await.problem(401);
}

#[actix_web::test]
async fn of_more_than_a_hundred_sessions_those_unused_for_longest_make_room() {
    let app = app();
    let first = log_in(&app.anonymous()).await;
    execute(
        &app.scratch,
        "INSERT INTO sessions (user_id, family_hash, token_hash, last_used_at, expires_at, ends_at)
         SELECT user_id, sha256(n::text::bytea), sha256(n::text::bytea), now() + interval '1 second',
                expires_at, ends_at
         FROM sessions, generate_series(1, 99) AS n",
    );
    assert_eq!(count(&app.scratch, "sessions"), 100);
    log_in(&app.anonymous()).await;
    assert_eq!(count(&app.scratch, "sessions"), 100);
    refresh(&app.anonymous(), &first.refresh).await.problem(401);
}

#[actix_web::test]
async fn the_hourly_job_deletes_sessions_that_have_expired_and_no_others() {
    let app = app();
    let (old, new) = (log_in(&app.anonymous()).await, log_in(&app.anonymous()).await);
    let expire = format!("UPDATE sessions SET expires_at = now() WHERE id = {}", old.session);
    execute(&app.scratch, &expire);
    let run = |dry_run| {
        let mut connection = app.scratch.connect().unwrap();
        auth::MODULE.jobs[0].run_locked(&mut connection, dry_run).unwrap().unwrap()
    };
    assert_eq!(run(true), ["would delete 1 sessions"]);
    assert_eq!(run(false), ["deleted 1 sessions"]);
    assert_eq!(run(false), Vec::<String>::new());
    assert_eq!(listed(&app, &new.access).await, [new.session]);
}

#[actix_web::test]
async fn what_is_stored_of_a_session_lets_nobody_in() {
    let app = app();
    let device = log_in(&app.anonymous()).await;
    for column in ["family_hash", "token_hash"] {
        let stored =
            value(&app.scratch, &format!("SELECT encode({column}, 'base64') FROM sessions"));
        let reply = refresh(&app.anonymous(), &stored).await;
        reply.problem(401);
        assert!(!stored.contains(&device.refresh[..16]));
    }
}
