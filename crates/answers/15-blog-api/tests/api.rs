//! What clients of the blog may rely on: one claim a test, request and response in sight.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use actix_web::http::Method;
use auth::testing::sign_up;
use blog_api::MODULE;
use foundation::testing::{TestApp, count, execute};
use futures_util::future::join_all;
use serde_json::json;
use support::{
    DRAFTS, FLAGS, POSTS, author, delete, listed, post, publish, refused, replace, send,
};

#[actix_web::test]
async fn a_post_is_created_and_found_at_its_url_by_everybody() {
    let (app, author) = author();
    let new = json!({"title": "Hello, World!", "body": "Line\nby line.", "tags": ["Rust", "api"],
                     "published": true});
    let reply = author.post(POSTS, &new).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let url = "/api/v2/posts/hello-world";
    assert_eq!((reply.header("location"), reply.header("etag")), (url, "\"1\""));
    let made = reply.json();
    let whole = json!({
        "id": made["id"], "url": url, "title": "Hello, World!", "body": "Line\nby line.",
        "tags": ["api", "rust"], "published_at": made["published_at"],
        "author": {"id": made["author"]["id"], "name": "author"},
    });
    assert_eq!(made, whole, "and nothing else");
    let found = app.anonymous().get(url).await;
    assert_eq!((found.status.as_u16(), found.json()), (200, whole));
    let list = app.anonymous().get(POSTS).await.json();
    assert_eq!(list[0]["url"], url);
    assert_eq!((&list[0]["comments"], &list[0]["author"]["name"]), (&json!(0), &json!("author")));
    assert!(list[0]["body"].is_null(), "lists do without what is long");
}

#[actix_web::test]
async fn a_draft_is_there_for_its_author_alone() {
    let (app, author) = author();
    let stranger = sign_up(&app, "stranger").client;
    let draft = json!({"title": "Secret", "body": "Not yet.", "tags": ["secret"]});
    let path = publish(&author, &draft).await;
    for client in [&app.anonymous(), &stranger] {
        client.get(&path).await.problem(404);
        client.get(&format!("{path}/comments")).await.problem(404);
        assert_eq!(listed(client, POSTS, "title").await, [""; 0]);
        assert_eq!(listed(client, &format!("{POSTS}?tag=secret"), "title").await, [""; 0]);
    }
    assert_eq!(listed(&stranger, DRAFTS, "title").await, [""; 0]);
    stranger.post(&format!("{path}/comments"), &json!({"body": "Hi"})).await.problem(404);
    replace(&stranger, &path, "*", &draft).await.problem(404);
    delete(&stranger, &path).await.problem(404);

    let found = author.get(&path).await;
    assert_eq!((found.status.as_u16(), found.header("cache-control")), (200, "private, no-cache"));
    assert_eq!(listed(&author, DRAFTS, "title").await, ["Secret"]);
    app.anonymous().get(DRAFTS).await.problem(401);
    let published =
        json!({"title": "Secret", "body": "Now.", "tags": ["secret"], "published": true});
    assert_eq!(replace(&author, &path, "\"1\"", &published).await.status, 200);
    assert_eq!(listed(&stranger, &format!("{POSTS}?tag=secret"), "title").await, ["Secret"]);
    assert_eq!(listed(&author, DRAFTS, "title").await, [""; 0]);
    let withdrawn = replace(&author, &path, "\"2\"", &draft).await;
    assert_eq!(withdrawn.status, 200, "{}", withdrawn.text);
    app.anonymous().get(&path).await.problem(404);
    assert_eq!(listed(&stranger, &format!("{POSTS}?tag=secret"), "title").await, [""; 0]);
}

#[actix_web::test]
async fn somebody_elses_post_can_be_read_and_not_changed() {
    let (app, author) = author();
    let stranger = sign_up(&app, "stranger").client;
    let path = publish(&author, &post("Mine")).await;
    replace(&stranger, &path, "*", &post("Yours")).await.problem(403);
    delete(&stranger, &path).await.problem(403);
    app.anonymous().post(POSTS, &post("Nobody's")).await.problem(401);
    replace(&app.anonymous(), &path, "*", &post("Nobody's")).await.problem(401);
    assert_eq!(stranger.get(&path).await.json()["title"], "Mine");
    assert_eq!(delete(&author, &path).await.status, 204);
    author.get(&path).await.problem(404);
    delete(&author, &path).await.problem(404);
}

#[actix_web::test]
async fn an_edit_says_which_version_it_replaces() {
    let (app, author) = author();
    let path = publish(&author, &post("First")).await;
    let problem = author.json(Method::PUT, &path, &post("Second")).await.problem(428);
    assert_eq!(refused(&problem), ("If-Match", "required"));
    let second = replace(&author, &path, "\"1\"", &post("Second")).await;
    assert_eq!((second.status.as_u16(), second.header("etag")), (200, "\"2\""));
    replace(&author, &path, "\"1\"", &post("Too late")).await.problem(412);
    send(&author, Method::DELETE, &path, ("if-match", "\"1\""), None).await.problem(412);
    let found = app.anonymous().get(&path).await;
    assert_eq!(found.json()["title"], "Second", "at the address of the first title: {path}");
    assert_eq!(replace(&author, &path, "*", &post("Third")).await.header("etag"), "\"3\"");
    let gone = send(&author, Method::DELETE, &path, ("if-match", "\"3\""), None).await;
    assert_eq!(gone.status, 204);
}

#[actix_web::test]
async fn of_many_edits_at_once_one_is_made_and_no_other_is_lost() {
    let (_app, author) = author();
    let path = publish(&author, &post("First")).await;
    let edits = (0..8).map(|edit| {
        let (author, path) = (&author, &path);
        async move { replace(author, path, "\"1\"", &post(&format!("Edit {edit}"))).await }
    });
    let statuses = join_all(edits).await;
    let done = statuses.iter().filter(|reply| reply.status == 200).count();
    let stale = statuses.iter().filter(|reply| reply.status == 412).count();
    assert_eq!((done, stale), (1, 7));
}

#[actix_web::test]
async fn one_title_at_once_by_many_gets_as_many_addresses() {
    let (app, author) = author();
    let same = post("The same");
    let posts = join_all((0..8).map(|_| author.post(POSTS, &same))).await;
    let mut paths: Vec<_> = posts.iter().map(|reply| reply.header("location").to_owned()).collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), 8, "{paths:?}");
    assert!(paths.iter().all(|path| path.starts_with("/api/v2/posts/the-same")), "{paths:?}");
    assert_eq!(count(&app.scratch, "posts"), 8);
}

#[actix_web::test]
async fn what_a_client_has_is_304_until_it_changes() {
    let (app, author) = author();
    let path = publish(&author, &post("First")).await;
    let comments = format!("{path}/comments");
    for path in [POSTS, &path, &comments] {
        let first = app.anonymous().get(path).await;
        assert_eq!(first.header("cache-control"), "public, no-cache", "{path}");
        let tag = first.header("etag");
        let again = send(&app.anonymous(), Method::GET, path, ("if-none-match", tag), None).await;
        assert_eq!((again.status.as_u16(), &*again.text), (304, ""), "{path}");
        assert_eq!(again.header("etag"), tag);
    }
    let list = app.anonymous().get(POSTS).await;
    let known = ("if-none-match", list.header("etag"));
    let comment = author.post(&comments, &json!({"body": "First!"})).await;
    assert_eq!(comment.status, 201, "{}", comment.text);
    let after = send(&app.anonymous(), Method::GET, POSTS, known, None).await;
    assert_eq!(after.status, 200, "a list shows the number of comments");
    let post = send(&app.anonymous(), Method::GET, &path, ("if-none-match", "\"1\""), None).await;
    assert_eq!(post.status, 304, "a post does not, so nobody's edit is refused for a comment");
}

#[actix_web::test]
async fn a_write_leaves_no_old_page_in_the_cache() {
    let (app, author) = author();
    let path = publish(&author, &post("Edit 0")).await;
    for edit in 1..=10 {
        let reader = app.anonymous();
        join_all((0..3).map(|_| reader.get(POSTS))).await;
        let title = format!("Edit {edit}");
        assert_eq!(replace(&author, &path, "*", &post(&title)).await.status, 200);
        assert_eq!(listed(&reader, POSTS, "title").await, [&*title]);
        assert_eq!(reader.get(&path).await.json()["title"], title);
    }
    assert_eq!(delete(&author, &path).await.status, 204);
    assert_eq!(listed(&app.anonymous(), POSTS, "title").await, [""; 0]);
    app.anonymous().get(&path).await.problem(404);
}

#[actix_web::test]
async fn a_request_with_an_idempotency_key_is_done_once() {
    let (app, author) = author();
    let other = sign_up(&app, "other").client;
    let key = ("idempotency-key", "\"8e03978e\"");
    let first = send(&author, Method::POST, POSTS, key, Some(&post("Once"))).await;
    let again = send(&author, Method::POST, POSTS, key, Some(&post("Once"))).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201), "{}", first.text);
    assert_eq!(first.json(), again.json());
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("location"), first.header("location"));
    let changed = send(&author, Method::POST, POSTS, key, Some(&post("Twice"))).await;
    assert_eq!(refused(&changed.problem(422)), ("Idempotency-Key", "reused"));
    let others = send(&other, Method::POST, POSTS, key, Some(&post("Once"))).await;
    assert_eq!(others.status, 201, "keys are told apart by their users: {}", others.text);
    assert_eq!(others.header("idempotency-replayed"), "");
    let comments = format!("{}/comments", first.header("location"));
    for _ in 0..2 {
        let said = send(&other, Method::POST, &comments, key, Some(&json!({"body": "Hi"}))).await;
        assert_eq!(said.status, 201, "{}", said.text);
    }
    assert_eq!((count(&app.scratch, "posts"), count(&app.scratch, "comments")), (2, 1));
    let bad =
        send(&author, Method::POST, POSTS, ("idempotency-key", "bare"), Some(&post("x"))).await;
    bad.problem(400);
}

#[actix_web::test]
async fn a_creation_that_failed_gives_its_key_back() {
    let (app, author) = author();
    let key = ("idempotency-key", "\"again\"");
    let said = json!({"body": "Too early"});
    let comments = format!("{POSTS}/later/comments");
    send(&author, Method::POST, &comments, key, Some(&said)).await.problem(404);
    publish(&author, &post("Later")).await;
    let reply = send(&author, Method::POST, &comments, key, Some(&said)).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(count(&app.scratch, "comments"), 1);
}

/// Each bad request with the status it gets, and where it points.
#[actix_web::test]
async fn each_bad_request_is_refused_for_its_own_reason() {
    let (app, author) = author();
    let bodies = [
        (json!({"title": "", "body": "b"}), 422, ("#/title", "empty")),
        (json!({"title": "x".repeat(201), "body": "b"}), 422, ("#/title", "too_long")),
        (json!({"title": "a\nb", "body": "b"}), 422, ("#/title", "control_character")),
        (json!({"title": "t", "body": " "}), 422, ("#/body", "empty")),
        (json!({"title": "t", "body": "\u{0}"}), 422, ("#/body", "control_character")),
        (json!({"title": "t", "body": "x".repeat(50_001)}), 422, ("#/body", "too_long")),
        (json!({"title": "t", "body": "b", "tags": ["c++"]}), 422, ("#/tags/0", "not_a_tag")),
        (json!({"title": "t", "body": "b", "tags": vec!["a"; 6]}), 422, ("#/tags", "too_many")),
        (json!({"title": "t"}), 422, ("#/body", "required")),
        (json!({"title": "t", "body": "b", "slug": "mine"}), 422, ("#/slug", "unknown_field")),
    ];
    for (body, status, place) in bodies {
        let reply = author.post(POSTS, &body).await;
        let problem = reply.problem(status);
        assert_eq!(refused(&problem), place, "{body:.60} gave {problem}");
    }
    for (path, status) in [
        ("?limit=0", 422),
        ("?limit=101", 422),
        ("?tag=c%2B%2B", 422),
        ("?tag=a%00b", 422),
        ("?author=ada", 400),
        ("?cursor=nonsense", 400),
        ("?page=2", 400),
        ("/%00", 404),
        ("/Upper", 404),
        ("/a/comments/x", 405),
    ] {
        app.anonymous().get(&format!("{POSTS}{path}")).await.problem(status);
    }
    delete(&author, &format!("{POSTS}/a/comments/x")).await.problem(400);
    assert_eq!(count(&app.scratch, "posts"), 0);
}

#[actix_web::test]
async fn the_request_after_the_limit_is_429_for_this_user_alone() {
    let app = TestApp::serving(&[&MODULE], &["--rate-limit", "0", "--user-rate-limit", "3"]);
    let (eager, other) = (sign_up(&app, "eager").client, sign_up(&app, "other").client);
    for left in [2, 1, 0] {
        let reply = eager.get(DRAFTS).await;
        assert_eq!(reply.status, 200);
        let told = reply.header("ratelimit");
        assert!(told.contains(&format!("r={left};")), "{told}");
    }
    let refused = eager.get(DRAFTS).await;
    refused.problem(429);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    assert_eq!(other.get(DRAFTS).await.status, 200);
}

#[actix_web::test]
async fn nobody_gets_beyond_the_bounds_on_posts_and_comments() {
    let (app, author) = author();
    let path = publish(&author, &post("Full")).await;
    execute(&app.scratch, "UPDATE posts SET comments = 10000");
    let full = author.post(&format!("{path}/comments"), &json!({"body": "One more"})).await;
    assert_eq!(refused(&full.problem(409)).1, "too_many");
    execute(&app.scratch, "UPDATE blog_usage SET posts = 10000");
    let full = author.post(POSTS, &post("One more")).await;
    assert_eq!(refused(&full.problem(409)).1, "too_many");
    assert_eq!((count(&app.scratch, "posts"), count(&app.scratch, "comments")), (1, 0));
    assert_eq!(delete(&author, &path).await.status, 204);
    assert_eq!(author.post(POSTS, &post("Room again")).await.status, 201);
}

#[actix_web::test]
async fn a_token_that_is_no_good_is_refused_where_none_is_needed() {
    let app = TestApp::serving(&[&MODULE], &FLAGS);
    app.bearing("nonsense").get(&format!("{POSTS}/anything")).await.problem(401);
    assert_eq!(app.anonymous().get(POSTS).await.status, 200);
}
