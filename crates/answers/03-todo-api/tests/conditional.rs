//! Whoever says which version it means never overwrites another.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use actix_web::http::Method;
use foundation::testing::Client;
use futures_util::future::join_all;
use serde_json::json;
use support::{CATEGORIES, TODOS, delete, make, make_category, owner, patch, refused, send};

#[actix_web::test]
async fn every_write_makes_a_new_version_and_a_read_of_the_same_version_is_304() {
    let (_app, client) = owner();
    let path = make(&client, json!({"title": "a"})).await;
    let first = client.get(&path).await;
    assert_eq!(first.header("etag"), "\"1\"");
    assert_eq!(first.header("cache-control"), "private, no-cache");
    let known = send(&client, Method::GET, &path, ("if-none-match", "\"1\""), None).await;
    assert_eq!((known.status.as_u16(), &*known.text), (304, ""));
    assert_eq!(known.header("etag"), "\"1\"");
    assert_eq!(patch(&client, &path, json!({"title": "b"})).await.header("etag"), "\"2\"");
    let changed = send(&client, Method::GET, &path, ("if-none-match", "\"1\""), None).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["title"]), (200, &json!("b")));
}

#[actix_web::test]
async fn put_must_say_what_it_replaces_and_a_star_says_whatever_is_there() {
    let (_app, client) = owner();
    let path = make(&client, json!({"title": "a"})).await;
    let category = format!("{CATEGORIES}/{}", make_category(&client, "Home").await);
    for (path, body) in [(path, json!({"title": "b"})), (category, json!({"name": "b"}))] {
        let problem = client.json(Method::PUT, &path, &body).await.problem(428);
        assert_eq!(refused(&problem), ("If-Match", "required"));
        assert_eq!(client.get(&path).await.header("etag"), "\"1\"");
        let any = send(&client, Method::PUT, &path, ("if-match", "*"), Some(body)).await;
        assert_eq!((any.status.as_u16(), any.header("etag")), (200, "\"2\""));
    }
}

#[actix_web::test]
async fn a_write_to_another_version_is_412_and_changes_nothing() {
    let (_app, client) = owner();
    let todo = make(&client, json!({"title": "a"})).await;
    let category = format!("{CATEGORIES}/{}", make_category(&client, "a").await);
    for (path, body) in [(&todo, json!({"title": "b"})), (&category, json!({"name": "b"}))] {
        let before = client.get(path).await.text;
        for tag in ["\"2\"", "W/\"1\"", "1", "\"\"", "\"one\"", "\"2\", \"3\""] {
            for method in [Method::PUT, Method::PATCH, Method::DELETE] {
                let sent = (method != Method::DELETE).then(|| body.clone());
                send(&client, method, path, ("if-match", tag), sent).await.problem(412);
            }
        }
        assert_eq!(client.get(path).await.text, before);
        let one_of = ("if-match", "\"7\", \"1\"");
        assert_eq!(send(&client, Method::PATCH, path, one_of, Some(body)).await.status, 200);
        assert_eq!(
            send(&client, Method::DELETE, path, ("if-match", "\"2\""), None).await.status,
            204
        );
    }
    send(&client, Method::DELETE, &todo, ("if-match", "\"2\""), None).await.problem(404);
}

#[actix_web::test]
async fn the_tag_of_a_list_does_not_allow_to_delete_it() {
    let (_app, client) = owner();
    make(&client, json!({"title": "a"})).await;
    let tag = client.get(TODOS).await.header("etag").to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    send(&client, Method::DELETE, TODOS, ("if-match", &tag), None).await.problem(412);
    assert_eq!(client.get(TODOS).await.header("etag"), tag);
    assert_eq!(send(&client, Method::DELETE, TODOS, ("if-match", "*"), None).await.status, 204);
}

#[actix_web::test]
async fn a_category_that_is_renamed_or_goes_makes_new_versions_of_its_to_dos() {
    let (_app, client) = owner();
    let id = make_category(&client, "Home").await;
    let inside = make(&client, json!({"title": "a", "category_id": id})).await;
    let outside = make(&client, json!({"title": "b"})).await;
    let category = format!("{CATEGORIES}/{id}");
    assert_eq!(patch(&client, &category, json!({"name": "Work"})).await.status, 200);
    let renamed = client.get(&inside).await;
    assert_eq!(renamed.header("etag"), "\"2\"");
    assert_eq!(renamed.json()["category_name"], "Work");
    assert_eq!(delete(&client, &category).await.status, 204);
    let without = client.get(&inside).await;
    assert_eq!(without.header("etag"), "\"3\"");
    assert!(without.json()["category_id"].is_null(), "{}", without.text);
    assert_eq!(client.get(&outside).await.header("etag"), "\"1\"");
}

/// Adds one to the order of a to-do until it was not overtaken; returns how often it was.
async fn add_one(client: &Client, path: &str) -> u32 {
    let mut overtaken = 0;
    loop {
        let read = client.get(path).await;
        let next = json!({"order": read.json()["order"].as_i64().unwrap() + 1});
        let tag = ("if-match", read.header("etag"));
        match send(client, Method::PATCH, path, tag, Some(next)).await.status.as_u16() {
            200 => return overtaken,
            status => assert_eq!(status, 412),
        }
        overtaken += 1;
    }
}

#[actix_web::test]
async fn no_edit_of_many_at_once_is_lost_with_if_match() {
    let (_app, client) = owner();
    let path = make(&client, json!({"title": "a", "order": 0})).await;
    let editors = (0..10).map(|_| async {
        for _ in 0..10 {
            add_one(&client, &path).await;
        }
    });
    join_all(editors).await;
    let left = client.get(&path).await;
    assert_eq!((left.json()["order"].as_i64(), left.header("etag")), (Some(100), "\"101\""));
}

#[actix_web::test]
async fn patches_of_different_members_at_once_keep_both() {
    let (_app, client) = owner();
    let path = make(&client, json!({"title": "a"})).await;
    let edits = [json!({"title": "b"}), json!({"completed": true}), json!({"order": 3})];
    join_all(edits.map(|edit| patch(&client, &path, edit))).await;
    let todo = client.get(&path).await.json();
    assert_eq!((&todo["title"], &todo["order"]), (&json!("b"), &json!(3)));
    assert_eq!(todo["completed"], true);
}
