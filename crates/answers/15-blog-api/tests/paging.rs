//! Pages stay in place, whatever others do, and filters read in the same order.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::collections::BTreeSet;

use auth::testing::sign_up;
use foundation::testing::{Client, count, execute};
use serde_json::json;
use support::{DRAFTS, POSTS, author, listed, next, post, publish};

/// Every title from this page on, and how many pages it took.
async fn walk(client: &Client, path: &str) -> (Vec<String>, usize) {
    let (mut titles, mut pages, mut path) = (Vec::new(), 0, Some(path.to_owned()));
    while let Some(page) = path {
        let reply = client.get(&page).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let list = reply.json();
        titles.extend(list.as_array().unwrap().iter().map(|item| item["title"].to_string()));
        pages += 1;
        path = next(&reply);
    }
    (titles, pages)
}

#[actix_web::test]
async fn a_reader_misses_nothing_while_others_publish_and_posts_share_a_time() {
    let (app, author) = author();
    for number in 0..12 {
        publish(&author, &post(&format!("Post {number}"))).await;
    }
    execute(
        &app.scratch,
        "UPDATE posts SET published_at = timestamptz '2026-01-01' + id / 5 * interval '1 s'",
    );
    let all: BTreeSet<String> =
        listed(&author, &format!("{POSTS}?limit=100"), "title").await.into_iter().collect();
    assert_eq!(all.len(), 12);
    let reader = app.anonymous();
    let (mut seen, mut path) = (Vec::new(), Some(format!("{POSTS}?limit=4")));
    let mut pages = 0;
    while let Some(page) = path {
        let reply = reader.get(&page).await;
        seen.extend(
            reply
                .json()
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["title"].as_str().unwrap().to_owned()),
        );
        path = next(&reply);
        pages += 1;
        publish(&author, &post(&format!("News {pages}"))).await;
    }
    let distinct: BTreeSet<String> = seen.iter().cloned().collect();
    assert_eq!((pages, seen.len()), (3, 12), "nothing twice: {seen:?}");
    assert_eq!(distinct, all, "and nothing missed");
}

#[actix_web::test]
async fn posts_are_filtered_by_tag_and_author_over_all_pages() {
    let (app, author) = author();
    let other = sign_up(&app, "other");
    for number in 0..6 {
        let tags = if number % 2 == 0 { json!(["even", "all"]) } else { json!(["all"]) };
        let client = if number < 4 { &author } else { &other.client };
        let new = json!({"title": format!("Post {number}"), "body": "b", "tags": tags, "published": true});
        publish(client, &new).await;
    }
    let reader = app.anonymous();
    let titles = |numbers: &[u32]| -> Vec<String> {
        numbers.iter().map(|number| format!("\"Post {number}\"")).collect()
    };
    let other = other.user;
    for (filter, numbers) in [
        ("tag=all".to_owned(), &[5, 4, 3, 2, 1, 0][..]),
        ("tag=even".to_owned(), &[4, 2, 0]),
        ("tag=EVEN".to_owned(), &[4, 2, 0]),
        (format!("author={other}"), &[5, 4]),
        (format!("author={other}&tag=even"), &[4]),
        ("tag=odd".to_owned(), &[]),
        ("author=-1".to_owned(), &[]),
    ] {
        for limit in [1, 2, 100] {
            let (seen, pages) = walk(&reader, &format!("{POSTS}?{filter}&limit={limit}")).await;
            assert_eq!(seen, titles(numbers), "{filter} by {limit}");
            assert_eq!(pages, numbers.len().div_ceil(limit).max(1), "{filter} by {limit}");
        }
    }
}

#[actix_web::test]
async fn drafts_and_comments_have_pages_of_their_own() {
    let (app, author) = author();
    for number in 0..5 {
        publish(&author, &json!({"title": format!("Draft {number}"), "body": "b"})).await;
    }
    let (drafts, pages) = walk(&author, &format!("{DRAFTS}?limit=2")).await;
    let newest_first: Vec<String> = (0..5).rev().map(|n| format!("\"Draft {n}\"")).collect();
    assert_eq!((drafts, pages), (newest_first, 3));
    let comments = format!("{}/comments", publish(&author, &post("Discussed")).await);
    for number in 0..5 {
        author.post(&comments, &json!({"body": format!("Comment {number}")})).await;
    }
    let first = app.anonymous().get(&format!("{comments}?limit=3")).await;
    let second = app.anonymous().get(&next(&first).unwrap()).await;
    assert_eq!(first.json().as_array().unwrap().len(), 3);
    assert_eq!(second.json()[1]["body"], "Comment 4");
    assert_eq!(next(&second), None);
}

#[actix_web::test]
async fn an_edit_moves_no_post_and_its_tags_follow_it() {
    let (app, author) = author();
    let first = publish(
        &author,
        &json!({"title": "First", "body": "b", "tags": ["old"], "published": true}),
    )
    .await;
    publish(&author, &post("Second")).await;
    let changed = json!({"title": "First", "body": "c", "tags": ["new"], "published": true});
    assert_eq!(support::replace(&author, &first, "\"1\"", &changed).await.status, 200);
    let reader = app.anonymous();
    assert_eq!(listed(&reader, POSTS, "title").await, ["Second", "First"]);
    assert_eq!(listed(&reader, &format!("{POSTS}?tag=new"), "title").await, ["First"]);
    assert_eq!(listed(&reader, &format!("{POSTS}?tag=old"), "title").await, [""; 0]);
}

#[test]
fn the_time_of_a_tag_is_that_of_its_post_after_every_kind_of_change() {
    let app = support::app();
    let _author = sign_up(&app, "author");
    let differ = "post_tags JOIN posts ON posts.id = post_id
                  WHERE post_tags.published_at IS DISTINCT FROM posts.published_at";
    for change in [
        "INSERT INTO posts (author_id, slug, title, body, published_at)
         SELECT users.id, 'post-' || n, 't', 'b', CASE WHEN n < 5 THEN now() END
         FROM users, generate_series(1, 9) AS n",
        "INSERT INTO post_tags (post_id, tag) SELECT id, 'a' FROM posts",
        "INSERT INTO post_tags (post_id, tag, published_at) SELECT id, 'b', '2000-01-01' FROM posts",
        "UPDATE posts SET published_at = now() WHERE published_at IS NULL",
        "UPDATE posts SET published_at = NULL WHERE id % 2 = 0",
        "UPDATE posts SET published_at = published_at - interval '1 day'",
        "UPDATE post_tags SET published_at = now()",
        "UPDATE posts SET title = 'u'",
        "DELETE FROM posts WHERE id % 3 = 0",
    ] {
        assert!(execute(&app.scratch, change) > 0, "{change}");
        assert_eq!(count(&app.scratch, differ), 0, "after {change}");
    }
    assert!(count(&app.scratch, "post_tags WHERE published_at IS NOT NULL") > 0);
}
