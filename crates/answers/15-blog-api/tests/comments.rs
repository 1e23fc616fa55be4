//! What is said below a post: listed, counted, and deleted by whoever may.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use auth::testing::sign_up;
use foundation::testing::count;
use futures_util::future::join_all;
use serde_json::json;
use support::{POSTS, author, delete, listed, post, publish};

#[actix_web::test]
async fn comments_are_listed_oldest_first_and_deleted_by_their_author_or_the_posts() {
    let (app, author) = author();
    let (reader, stranger) = (sign_up(&app, "reader").client, sign_up(&app, "stranger").client);
    let path = publish(&author, &post("Discussed")).await;
    let comments = format!("{path}/comments");
    let mut ids = Vec::new();
    for (client, body) in [(&reader, "One"), (&reader, "Two"), (&author, "Three")] {
        let said = client.post(&comments, &json!({"body": body})).await;
        assert_eq!(said.status, 201, "{}", said.text);
        ids.push(said.json()["id"].as_i64().unwrap());
    }
    assert_eq!(listed(&app.anonymous(), &comments, "body").await, ["One", "Two", "Three"]);
    assert_eq!(app.anonymous().get(POSTS).await.json()[0]["comments"], 3);
    let at = |id: i64| format!("{comments}/{id}");
    delete(&stranger, &at(ids[0])).await.problem(403);
    delete(&reader, &at(ids[2])).await.problem(403);
    assert_eq!(delete(&reader, &at(ids[0])).await.status, 204, "one's own");
    assert_eq!(delete(&author, &at(ids[1])).await.status, 204, "below one's own post");
    delete(&reader, &at(ids[0])).await.problem(404);
    assert_eq!(listed(&app.anonymous(), &comments, "body").await, ["Three"]);
    assert_eq!(app.anonymous().get(POSTS).await.json()[0]["comments"], 1);
    let other = publish(&author, &post("Another")).await;
    delete(&author, &format!("{other}/comments/{}", ids[2])).await.problem(404);
}

#[actix_web::test]
async fn comments_made_at_once_are_all_counted() {
    let (app, author) = author();
    let reader = sign_up(&app, "reader").client;
    let comments = format!("{}/comments", publish(&author, &post("Popular")).await);
    let said = json!({"body": "Me, too."});
    let both = [&author, &reader].into_iter().cycle().take(12);
    let replies = join_all(both.map(|client| client.post(&comments, &said))).await;
    assert!(replies.iter().all(|reply| reply.status == 201), "{}", replies[0].text);
    assert_eq!(app.anonymous().get(POSTS).await.json()[0]["comments"], 12);
    assert_eq!(count(&app.scratch, "comments"), 12);
}
