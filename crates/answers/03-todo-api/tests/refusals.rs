//! What the to-do API refuses, and how it says so.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use actix_web::http::Method;
use auth::testing::sign_up;
use foundation::testing::{TestApp, count, execute};
use futures_util::future::join_all;
use serde_json::json;
use support::{CATEGORIES, TODOS, app, delete, make, owner, patch, refused, send};
use todo_api::MODULE;

/// Each bad field with its code; the rest of the body is right.
#[actix_web::test]
async fn each_bad_field_is_pointed_at_with_a_code_of_its_own() {
    let (app, client) = owner();
    let path = make(&client, json!({"title": "as it was"})).await;
    let cases = [
        ("title", json!(""), "empty"),
        ("title", json!(" \u{2003}"), "empty"),
        ("title", json!("n".repeat(501)), "too_long"),
        ("title", json!("🦀".repeat(501)), "too_long"),
        ("title", json!("nul\u{0}"), "control_character"),
        ("title", json!("two\nlines"), "control_character"),
        ("title", json!(17), "wrong_type"),
        ("completed", json!("yes"), "wrong_type"),
        ("completed", json!(1), "wrong_type"),
        ("order", json!(1_000_000_001), "out_of_range"),
        ("order", json!(-1_000_000_001), "out_of_range"),
        ("order", json!(i64::MIN), "out_of_range"),
        ("order", json!(1.5), "wrong_type"),
        ("order", json!("1"), "wrong_type"),
        ("category_id", json!(999_999), "not_found"),
        ("category_id", json!(-1), "not_found"),
        ("category_id", json!("1"), "wrong_type"),
        ("id", json!(1), "unknown_field"),
        ("url", json!("http://localhost/"), "unknown_field"),
        ("user_id", json!(1), "unknown_field"),
        ("version", json!(7), "unknown_field"),
    ];
    for (field, value, code) in cases {
        let mut body = json!({"title": "good"});
        body[field] = value.clone();
        let post = client.post(TODOS, &body).await;
        let put = send(&client, Method::PUT, &path, ("if-match", "*"), Some(body)).await;
        let patch = patch(&client, &path, json!({field: value})).await;
        for reply in [post, put, patch] {
            let problem = reply.problem(422);
            assert_eq!(refused(&problem), (&*format!("#/{field}"), code), "{value}");
        }
    }
    for reply in [
        client.post(TODOS, &json!({"completed": true})).await,
        send(&client, Method::PUT, &path, ("if-match", "*"), Some(json!({}))).await,
        patch(&client, &path, json!({"title": null})).await,
    ] {
        assert_eq!(refused(&reply.problem(422)), ("#/title", "required"));
    }
    assert_eq!(count(&app.scratch, "todos WHERE title = 'as it was' AND version = 1"), 1);
    assert_eq!(count(&app.scratch, "todos"), 1);
}

#[actix_web::test]
async fn all_bad_fields_are_reported_at_once() {
    let (_app, client) = owner();
    let problem = client.post(TODOS, &json!({"title": "", "order": 2e9 as i64})).await.problem(422);
    let codes = [&problem["errors"][0]["code"], &problem["errors"][1]["code"]];
    assert_eq!(codes, ["empty", "out_of_range"], "{problem}");
}

#[actix_web::test]
async fn a_body_that_is_no_to_do_is_refused_for_what_it_is() {
    let (_app, client) = owner();
    let huge = format!(r#"{{"title":"{}"}}"#, "x".repeat(20_000));
    let cases: [(&[u8], u16); 7] = [
        (b"", 400),
        (b"{", 400),
        (b"{\"title\":\"\xff\"}", 400),
        (b"[\"a\",false]", 422),
        (b"null", 422),
        (br#"{"title":"a","title":"b"}"#, 422),
        (huge.as_bytes(), 413),
    ];
    for (body, status) in cases {
        let headers = [("content-type", "application/json")];
        client.send(Method::POST, TODOS, &headers, Some(body.to_vec())).await.problem(status);
    }
}

#[actix_web::test]
async fn what_is_no_id_or_no_parameter_is_400_and_what_is_no_method_405() {
    let (_app, client) = owner();
    for id in ["x", "1.5", "9223372036854775808"] {
        client.get(&format!("{TODOS}/{id}")).await.problem(400);
    }
    for id in ["0", "-1", "9223372036854775807"] {
        client.get(&format!("{TODOS}/{id}")).await.problem(404);
    }
    for (query, status) in [
        ("completed=maybe", 400),
        ("category=x", 400),
        ("page=2", 400),
        ("cursor=e30", 400),
        ("limit=0", 422),
        ("limit=501", 422),
    ] {
        client.get(&format!("{TODOS}?{query}")).await.problem(status);
    }
    for (path, allow) in [
        (TODOS.to_owned(), "GET, HEAD, POST, DELETE"),
        (format!("{CATEGORIES}/1"), "GET, HEAD, PUT, DELETE, PATCH"),
    ] {
        let reply = client.send(Method::TRACE, &path, &[], None).await;
        reply.problem(405);
        let mut allowed: Vec<&str> = reply.header("allow").split(", ").collect();
        let mut expected: Vec<&str> = allow.split(", ").collect();
        allowed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(allowed, expected);
    }
}

#[actix_web::test]
async fn nobody_gets_anywhere_without_a_token() {
    let app = app();
    let anonymous = app.anonymous();
    let forged = app.bearing("not.a.token");
    let (todo, category) = (format!("{TODOS}/1"), format!("{CATEGORIES}/1"));
    for (method, path) in [
        (Method::GET, TODOS),
        (Method::POST, TODOS),
        (Method::DELETE, TODOS),
        (Method::GET, &todo),
        (Method::PUT, &todo),
        (Method::PATCH, &todo),
        (Method::DELETE, &todo),
        (Method::GET, CATEGORIES),
        (Method::POST, CATEGORIES),
        (Method::GET, &category),
        (Method::PUT, &category),
        (Method::PATCH, &category),
        (Method::DELETE, &category),
    ] {
        for client in [&anonymous, &forged] {
            // Refused before the body is looked at: it is neither JSON nor announced as such.
            let reply = client.send(method.clone(), path, &[], Some(b"{".to_vec())).await;
            reply.problem(401);
            assert!(reply.header("www-authenticate").starts_with("Bearer"), "{method} {path}");
        }
    }
}

#[actix_web::test]
async fn of_many_at_the_bound_as_many_get_in_as_there_is_room() {
    let (app, client) = owner();
    make(&client, json!({"title": "first"})).await;
    let fill = "INSERT INTO todos (user_id, title)
                SELECT user_id, 'filled' FROM todos, generate_series(1, 9996)";
    assert_eq!(execute(&app.scratch, fill), 9_996);
    let replies = join_all((0..10).map(|n| {
        let client = client.clone();
        async move { client.post(TODOS, &json!({"title": format!("{n}")})).await }
    }))
    .await;
    let created = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!((created, count(&app.scratch, "todos")), (3, 10_000));
    for full in replies.iter().filter(|reply| reply.status != 201) {
        assert_eq!(refused(&full.problem(409)), ("#", "too_many"));
    }
    assert_eq!(delete(&client, &format!("{TODOS}?completed=false")).await.status, 204);
    make(&client, json!({"title": "there is room again"})).await;
}

#[actix_web::test]
async fn the_request_after_the_limit_is_told_when_to_return_and_others_go_on() {
    let app = TestApp::serving(&[&MODULE], &["--rate-limit", "0", "--user-rate-limit", "3"]);
    let (client, other) = (sign_up(&app, "owner").client, sign_up(&app, "other").client);
    for (left, path) in [(2, TODOS), (1, CATEGORIES), (0, "/api/v1/todos/1")] {
        let reply = client.get(path).await;
        assert_eq!(reply.header("ratelimit-policy"), "\"user\";q=3;w=60", "{path}");
        let told = reply.header("ratelimit").to_owned();
        assert!(told.starts_with(&format!("\"user\";r={left};")), "{path}: {told}");
    }
    let reply = client.post(TODOS, &json!({"title": "a"})).await;
    reply.problem(429);
    let wait: u64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    assert!(reply.header("ratelimit").starts_with("\"user\";r=0;"), "{reply:?}");
    assert_eq!(count(&app.scratch, "todos"), 0);
    assert_eq!(other.get(TODOS).await.status, 200);
}
