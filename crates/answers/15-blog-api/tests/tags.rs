//! Tags over time: an address may be taken again, a tag may not.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use actix_web::http::Method;
use serde_json::json;
use support::{POSTS, author, delete, post, publish, replace, send};

#[actix_web::test]
async fn a_post_written_again_under_a_freed_address_is_another_one_to_whoever_knew_the_first() {
    let (app, author) = author();
    let path = publish(&author, &post("Hello")).await;
    let first = app.anonymous().get(&path).await.header("etag").to_owned();
    assert_eq!(delete(&author, &path).await.status, 204);
    let other = json!({"title": "Hello", "body": "Another one.", "published": true});
    let made = author.post(POSTS, &other).await;
    assert_eq!((made.header("location"), made.status.as_u16()), (&*path, 201));

    let condition = ("if-none-match", &*first);
    let found = send(&app.anonymous(), Method::GET, &path, condition, None).await;
    assert_eq!((found.status.as_u16(), &found.json()["body"]), (200, &json!("Another one.")));
    assert_eq!(found.header("etag"), made.header("etag"), "which its author was told");
    replace(&author, &path, &first, &post("Hello")).await.problem(412);
    send(&author, Method::DELETE, &path, ("if-match", &first), None).await.problem(412);

    // Neither does an edit of the first lead to what the second begins with, or the other way round.
    let mut tags = vec![first, made.header("etag").to_owned()];
    for _ in 0..2 {
        let edited = replace(&author, &path, "*", &post("Hello")).await;
        tags.push(edited.header("etag").to_owned());
        assert_eq!(delete(&author, &path).await.status, 204);
        tags.push(author.post(POSTS, &post("Hello")).await.header("etag").to_owned());
    }
    let all = tags.len();
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), all, "{tags:?}");
}

#[actix_web::test]
async fn a_creation_that_is_repeated_is_told_the_tag_of_what_it_made() {
    let (_app, author) = author();
    let (key, new) = (("idempotency-key", "\"once\""), post("Once"));
    let make = || send(&author, Method::POST, POSTS, key, Some(&new));
    let first = make().await;
    let path = first.header("location").to_owned();
    assert_eq!(replace(&author, &path, first.header("etag"), &post("Edited")).await.status, 200);
    let again = make().await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!((again.header("etag"), &again.text), (first.header("etag"), &first.text));
    replace(&author, &path, again.header("etag"), &post("Too late")).await.problem(412);
}
