//! What clients of the to-do API may rely on: one claim a test, request and response in sight.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use actix_web::http::Method;
use auth::testing::sign_up;
use foundation::testing::{TestApp, count, execute};
use futures_util::future::join_all;
use serde_json::json;
use support::{
    CATEGORIES, FLAGS, TODOS, app, delete, make, make_category, owner, patch, refused, send, titles,
};
use todo_api::MODULE;

#[actix_web::test]
async fn a_to_do_is_created_and_found_under_its_absolute_url() {
    let (app, client) = owner();
    let reply = client.post(TODOS, &json!({"title": "walk the dog"})).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.header("etag"), "\"1\"");
    let todo = reply.json();
    let id = todo["id"].as_i64().unwrap();
    assert_eq!(reply.header("location"), format!("{TODOS}/{id}"));
    let whole = json!({
        "id": id, "url": format!("http://{}{TODOS}/{id}", app.address()),
        "title": "walk the dog", "completed": false, "order": null,
        "category_id": null, "category_name": null, "created_at": todo["created_at"],
    });
    assert_eq!(todo, whole, "and nothing else");
    let found = client.get(reply.header("location")).await;
    assert_eq!((found.status.as_u16(), found.json()), (200, whole.clone()));
    assert_eq!(client.get(TODOS).await.json(), json!([whole]), "a plain array");
}

#[actix_web::test]
async fn put_replaces_and_absent_members_take_their_defaults() {
    let (_app, client) = owner();
    let category = make_category(&client, "Home").await;
    let all = json!({"title": "a", "completed": true, "order": 3, "category_id": category});
    let path = make(&client, all).await;
    let reply =
        send(&client, Method::PUT, &path, ("if-match", "\"1\""), Some(json!({"title": "b"}))).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.header("etag"), "\"2\"");
    let todo = reply.json();
    assert_eq!((&todo["title"], &todo["completed"]), (&json!("b"), &json!(false)));
    assert!(todo["order"].is_null() && todo["category_id"].is_null(), "{todo}");
    assert_eq!(client.get(&path).await.json(), todo);
}

#[actix_web::test]
async fn patch_leaves_what_is_absent_and_null_removes() {
    let (_app, client) = owner();
    let category = make_category(&client, "Home").await;
    let all = json!({"title": "a", "completed": true, "order": 3, "category_id": category});
    let path = make(&client, all).await;
    let todo = patch(&client, &path, json!({"order": 4})).await.json();
    assert_eq!(todo["title"], "a");
    assert_eq!((&todo["completed"], &todo["order"]), (&json!(true), &json!(4)));
    assert_eq!((&todo["category_id"], &todo["category_name"]), (&json!(category), &json!("Home")));
    let removed = json!({"order": null, "category_id": null, "completed": null});
    let todo = patch(&client, &path, removed).await.json();
    assert!(todo["order"].is_null() && todo["category_name"].is_null(), "{todo}");
    assert_eq!((&todo["title"], &todo["completed"]), (&json!("a"), &json!(false)));
    assert_eq!(client.get(&path).await.json(), todo);
}

#[actix_web::test]
async fn a_merge_patch_may_come_under_its_own_media_type() {
    let (_app, client) = owner();
    let path = make(&client, json!({"title": "a"})).await;
    let body = || Some(br#"{"title":"b"}"#.to_vec());
    let merge = [("content-type", "application/merge-patch+json")];
    let reply = client.send(Method::PATCH, &path, &merge, body()).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["title"]), (200, &json!("b")));
    client.send(Method::POST, TODOS, &merge, body()).await.problem(415);
    client.send(Method::PATCH, &path, &[("content-type", "text/plain")], body()).await.problem(415);
}

#[actix_web::test]
async fn a_deleted_to_do_is_gone_and_a_second_time_missing() {
    let (_app, client) = owner();
    let path = make(&client, json!({"title": "a"})).await;
    let reply = delete(&client, &path).await;
    assert_eq!((reply.status.as_u16(), &*reply.text), (204, ""));
    client.get(&path).await.problem(404);
    delete(&client, &path).await.problem(404);
    patch(&client, &path, json!({"title": "b"})).await.problem(404);
}

#[actix_web::test]
async fn the_collection_is_deleted_whole_or_by_a_filter_and_a_mistyped_filter_deletes_nothing() {
    let (_app, client) = owner();
    for (title, completed) in [("a", true), ("b", false), ("c", true)] {
        make(&client, json!({"title": title, "completed": completed})).await;
    }
    delete(&client, &format!("{TODOS}?complete=true")).await.problem(400);
    delete(&client, &format!("{TODOS}?completed=yes")).await.problem(400);
    assert_eq!(titles(&client, TODOS).await, ["a", "b", "c"]);
    assert_eq!(delete(&client, &format!("{TODOS}?completed=true")).await.status, 204);
    assert_eq!(titles(&client, TODOS).await, ["b"]);
    assert_eq!(delete(&client, TODOS).await.status, 204);
    assert_eq!(titles(&client, TODOS).await, [""; 0]);
    assert_eq!(delete(&client, TODOS).await.status, 204, "an empty one as well");
}

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
async fn a_browser_of_a_configured_origin_may_use_every_method_and_see_the_headers() {
    let origin = "https://todo.example";
    let app = TestApp::serving(&[&MODULE], &[&FLAGS[..], &["--cors-origins", origin]].concat());
    let client = sign_up(&app, "owner").client;
    let preflight = [
        ("origin", origin),
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "authorization,content-type,if-match"),
    ];
    let reply = app.anonymous().send(Method::OPTIONS, TODOS, &preflight, None).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.header("access-control-allow-origin"), origin);
    let reply = client.send(Method::GET, TODOS, &[("origin", origin)], None).await;
    assert_eq!(reply.header("access-control-allow-origin"), origin);
    let exposed = reply.header("access-control-expose-headers").to_lowercase();
    for header in ["etag", "link", "location", "retry-after", "ratelimit"] {
        assert!(exposed.contains(header), "{header}: {exposed}");
    }
    let elsewhere = [("origin", "https://evil.example"), preflight[1]];
    let reply = app.anonymous().send(Method::OPTIONS, TODOS, &elsewhere, None).await;
    assert_eq!(reply.header("access-control-allow-origin"), "");
}

#[actix_web::test]
async fn the_url_is_the_one_that_a_trusted_proxy_was_called_by() {
    let forwarded = [("x-forwarded-host", "todo.example"), ("x-forwarded-proto", "https")];
    let trusting = ["--trusted-proxies", "127.0.0.0/8"];
    for (flags, base) in [(&trusting[..], Some("https://todo.example")), (&[], None)] {
        let app = TestApp::serving(&[&MODULE], &[&FLAGS[..], flags].concat());
        let client = sign_up(&app, "owner").client;
        let path = make(&client, json!({"title": "a"})).await;
        let base = base.map_or(format!("http://{}", app.address()), str::to_owned);
        let one = client.send(Method::GET, &path, &forwarded, None).await.json();
        let list = client.send(Method::GET, TODOS, &forwarded, None).await.json();
        for todo in [&one, &list[0]] {
            assert_eq!(todo["url"], format!("{base}{path}"));
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
