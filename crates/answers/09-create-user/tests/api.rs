//! What clients of the users API may rely on: one claim a test, request and response in sight.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use actix_web::http::Method;
use create_user::MODULE;
use foundation::testing::{Reply, TestApp, count};
use futures_util::future::join_all;
use serde_json::{Value, json};
use support::{FLAGS, PASSWORD, USERS, ada, app, with_email};

/// The refused field and the code, of an answer that refuses one.
fn refused(problem: &Value) -> (&str, &str) {
    let error = &problem["errors"][0];
    (error["pointer"].as_str().unwrap_or_default(), error["code"].as_str().unwrap_or_default())
}

#[actix_web::test]
async fn an_account_is_created_and_its_location_shows_the_public_profile() {
    let app = app();
    let client = app.anonymous();
    let reply = client.post(USERS, &ada()).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let account = reply.json();
    let id = account["id"].as_i64().unwrap();
    assert_eq!(reply.header("location"), format!("/api/v1/users/{id}"));
    assert_eq!(reply.header("content-type"), "application/json");
    let created_at = account["created_at"].as_str().unwrap();
    let whole = json!({"id": id, "email": "Ada@example.org", "name": "Ada Lovelace",
        "created_at": created_at});
    assert_eq!(account, whole, "and nothing else, no hash among it");

    let profile = client.get(reply.header("location")).await;
    assert_eq!(profile.status, 200);
    let public = json!({"id": id, "name": "Ada Lovelace", "created_at": created_at});
    assert_eq!(profile.json(), public, "the address is not public");
}

#[actix_web::test]
async fn the_address_is_kept_as_written_and_the_password_as_a_hash() {
    let app = app();
    app.anonymous().post(USERS, &ada()).await;
    let stored = "users WHERE email = 'Ada@example.org' AND email_normalized = 'ada@example.org' \
                  AND password_hash LIKE '$2b$04$%'";
    assert_eq!(count(&app.scratch, stored), 1);
}

#[actix_web::test]
async fn a_profile_that_is_not_there_is_404_and_what_is_no_id_is_400() {
    let app = app();
    let client = app.anonymous();
    for (id, status) in
        [("1", 404), ("0", 404), ("-1", 404), ("9223372036854775807", 404), ("ada", 400)]
    {
        client.get(&format!("{USERS}/{id}")).await.problem(status);
    }
    client.get(&format!("{USERS}/9223372036854775808")).await.problem(400);
}

#[actix_web::test]
async fn either_form_of_an_address_finds_the_same_account() {
    let app = app();
    let client = app.anonymous();
    let pairs = [
        ("ada@example.org", "ADA@Example.Org"),
        ("ａda＠ｅxample.org2", "ada@example.org2"),
        ("zoe\u{308}@example.org", "zo\u{eb}@example.org"),
        (" max@example.org ", "max@example.org"),
        ("eva@b\u{fc}cher.example", "eva@xn--bcher-kva.example"),
    ];
    for (first, second) in pairs {
        let reply = client.post(USERS, &with_email(first)).await;
        assert_eq!(reply.status, 201, "{first}: {}", reply.text);
        let problem = client.post(USERS, &with_email(second)).await.problem(409);
        assert_eq!(refused(&problem), ("#/email", "taken"), "{second}");
    }
    assert_eq!(count(&app.scratch, "users"), 5);
}

#[actix_web::test]
async fn all_bad_fields_are_reported_at_once() {
    let app = app();
    let body = json!({"email": "nobody", "name": " ", "password": "short"});
    let problem = app.anonymous().post(USERS, &body).await.problem(422);
    let errors: Vec<(&str, &str)> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap()))
        .collect();
    let expected =
        [("#/email", "not_an_address"), ("#/name", "empty"), ("#/password", "too_short")];
    assert_eq!(errors, expected);
}

/// Each bad field with its code; `email`, `name` and `password` are otherwise those of Ada.
#[actix_web::test]
async fn each_bad_field_is_pointed_at_with_a_code_of_its_own() {
    let app = app();
    let client = app.anonymous();
    let cases = [
        ("email", json!(""), "empty"),
        ("email", json!("ada"), "not_an_address"),
        ("email", json!("ada\u{0}@example.org"), "control_character"),
        ("email", json!("ada\u{200b}@example.org"), "invisible_character"),
        ("email", json!(format!("{}@example.org", "a".repeat(65))), "too_long"),
        ("email", json!(17), "wrong_type"),
        ("email", json!(null), "wrong_type"),
        ("name", json!("\u{200b}"), "empty"),
        ("name", json!("Ada\u{0}"), "control_character"),
        ("name", json!("n".repeat(101)), "too_long"),
        ("password", json!("elevenchars"), "too_short"),
        ("password", json!("x1".repeat(65)), "too_long"),
        ("password", json!("aaaaaaaaaaaaaa"), "guessable"),
        ("password", json!("ada@example.org"), "guessable"),
        ("password", json!("Ada Lovelace"), "guessable"),
        ("password", json!("nul\u{0} in a password"), "control_character"),
        ("password", json!(["correct horse battery"]), "wrong_type"),
        ("is_admin", json!(true), "unknown_field"),
    ];
    for (field, value, code) in cases {
        let mut body = ada();
        body[field] = value.clone();
        let problem = client.post(USERS, &body).await.problem(422);
        assert_eq!(refused(&problem), (&*format!("#/{field}"), code), "{value}");
    }
    for field in ["email", "name", "password"] {
        let mut body = ada();
        body.as_object_mut().unwrap().remove(field);
        let problem = client.post(USERS, &body).await.problem(422);
        assert_eq!(refused(&problem), (&*format!("#/{field}"), "required"));
    }
    assert_eq!(count(&app.scratch, "users"), 0);
}

#[actix_web::test]
async fn a_body_that_is_no_registration_is_refused_for_what_it_is() {
    let app = app();
    let client = app.anonymous();
    let huge = format!(r#"{{"email":"{}"}}"#, "x".repeat(1_500_000));
    let just_over = format!(r#"{{"email":"{}"}}"#, "x".repeat(16 << 10));
    let twice = r#"{"email":"a@b.org","email":"c@d.org","name":"A","password":"12 characters"}"#;
    let in_order = br#"["ada@example.org","Ada","correct horse battery"]"#;
    let cases: [(&str, &[u8], u16); 12] = [
        ("application/json", b"", 400),
        ("application/json", b"{", 400),
        ("application/json", br#"{"email":"\ud800@example.org"}"#, 400),
        ("application/json", b"{\"email\":\"\xff@example.org\"}", 400),
        ("application/json", b"[]", 422),
        ("application/json", in_order, 422),
        ("application/json", b"null", 422),
        ("application/json", twice.as_bytes(), 422),
        ("application/json", huge.as_bytes(), 413),
        ("application/json", just_over.as_bytes(), 413),
        ("text/plain", b"{}", 415),
        ("application/x-www-form-urlencoded", b"email=ada%40example.org", 415),
    ];
    for (media_type, body, status) in cases {
        let headers = [("content-type", media_type)];
        let reply = client.send(Method::POST, USERS, &headers, Some(body.to_vec())).await;
        reply.problem(status);
    }
    let reply = client.send(Method::DELETE, USERS, &[], None).await;
    reply.problem(405);
    assert_eq!(reply.header("allow"), "POST");
}

#[actix_web::test]
async fn of_clients_that_race_for_an_address_one_gets_it() {
    let app = app();
    let replies: Vec<Reply> = join_all((0..20).map(|n| {
        let client = app.anonymous();
        async move {
            let spelling = if n % 2 == 0 { "ada@example.org" } else { "ADA@EXAMPLE.ORG" };
            client.post(USERS, &with_email(spelling)).await
        }
    }))
    .await;
    let created = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!((created, count(&app.scratch, "users")), (1, 1));
    for loser in replies.iter().filter(|reply| reply.status != 201) {
        assert_eq!(refused(&loser.problem(409)), ("#/email", "taken"));
    }
}

#[actix_web::test]
async fn who_registers_too_often_is_told_when_to_return() {
    let flags = ["--bcrypt-cost", "4", "--registration-limit", "3"];
    let app = TestApp::serving(&[&MODULE], &flags);
    let client = app.anonymous();
    for (n, left) in [(0, 2), (1, 1), (2, 0)] {
        let reply = client.post(USERS, &with_email(&format!("ada{n}@example.org"))).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        assert_eq!(reply.header("ratelimit-policy"), "\"registrations\";q=3;w=60");
        assert!(reply.header("ratelimit").starts_with(&format!("\"registrations\";r={left};")));
    }
    let mistyped = client.post(USERS, &with_email("ada")).await;
    mistyped.problem(422);
    let reply = client.post(USERS, &with_email("ada3@example.org")).await;
    reply.problem(429);
    let wait: u64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(reply.header("ratelimit").starts_with("\"registrations\";r=0;"), "{reply:?}");
    assert_eq!(client.get("/api/v1/users/1").await.status, 200, "reading goes on");
}

#[actix_web::test]
async fn more_registrations_than_can_be_hashed_are_refused_and_may_come_back() {
    let flags = ["--bcrypt-cost", "8", "--hashing-queue", "1"];
    let flags: Vec<&str> = flags.iter().chain(&FLAGS[2..]).copied().collect();
    let app = TestApp::serving(&[&MODULE], &flags);
    let client = app.anonymous();
    let body = |n| with_email(&format!("ada{n}@example.org"));
    let replies = join_all((0..12).map(|n| {
        let (client, body) = (client.clone(), body(n));
        async move { client.post(USERS, &body).await }
    }))
    .await;
    let created = replies.iter().filter(|reply| reply.status == 201).count();
    let busy: Vec<usize> = (0..12).filter(|&n| replies[n].status != 201).collect();
    assert!(created >= 1 && !busy.is_empty(), "{created} created");
    for &n in &busy {
        replies[n].problem(503);
        assert!(!replies[n].header("retry-after").is_empty());
    }
    assert_eq!(count(&app.scratch, "users"), i64::try_from(created).unwrap());
    assert_eq!(client.post(USERS, &body(busy[0])).await.status, 201, "later it is made");
}

#[actix_web::test]
async fn no_answer_repeats_the_password() {
    let app = app();
    let client = app.anonymous();
    let mut wrong = ada();
    wrong["email"] = json!("nobody");
    for (body, status) in [(ada(), 201), (ada(), 409), (wrong, 422)] {
        let reply = client.post(USERS, &body).await;
        assert_eq!(reply.status, status);
        assert!(!reply.text.contains(PASSWORD) && !reply.text.contains("$2b$"), "{}", reply.text);
    }
}
