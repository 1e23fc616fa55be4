//! What clients of the to-do API may rely on: one claim a test, request and response in sight.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use actix_web::http::Method;
use auth::testing::sign_up;
use foundation::testing::TestApp;
use serde_json::json;
use support::{FLAGS, TODOS, delete, make, make_category, owner, patch, send, titles};
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
