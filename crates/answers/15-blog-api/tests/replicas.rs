//! Several servers, and clients that hang up: no old page, and one limit for each user.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;

use auth::testing::sign_up;
use blog_api::MODULE;
use diesel::connection::SimpleConnection;
use foundation::scratch::Scratch;
use foundation::testing::{TestApp, TestRedis, count};
use support::{DRAFTS, FLAGS, POSTS, app, author, listed, post, publish, replace};

fn database() -> Arc<Scratch> {
    Arc::clone(&app().scratch)
}

#[actix_web::test]
async fn a_write_on_one_server_is_shown_by_the_other_at_once_where_there_is_redis() {
    let (redis, scratch) = (TestRedis::start(), database());
    let server = || TestApp::serving_with(&scratch, &[&MODULE], &FLAGS, Some(&redis));
    let (first, second) = (server(), server());
    let author = sign_up(&first, "author").client;
    let path = publish(&author, &post("Edit 0")).await;
    let readers = [second.anonymous(), first.anonymous()];
    for edit in 1..=10 {
        let title = format!("Edit {edit}");
        assert_eq!(replace(&author, &path, "*", &post(&title)).await.status, 200);
        for reader in &readers {
            assert_eq!(listed(reader, POSTS, "title").await, [&*title]);
            assert_eq!(reader.get(&path).await.json()["title"], title);
        }
    }
}

#[actix_web::test]
async fn servers_share_a_users_limit_where_there_is_redis() {
    let (redis, scratch) = (TestRedis::start(), database());
    let flags = ["--rate-limit", "0", "--user-rate-limit", "4"];
    let server = || TestApp::serving_with(&scratch, &[&MODULE], &flags, Some(&redis));
    let (first, second) = (server(), server());
    let author = sign_up(&first, "author");
    let there = second.bearing(author.token);
    let mut granted = 0;
    for client in [&author.client, &there, &author.client, &there, &author.client, &there] {
        granted += u32::from(client.get(DRAFTS).await.status == 200);
    }
    assert_eq!(granted, 4);
}

#[actix_web::test]
async fn a_client_that_hangs_up_while_it_writes_leaves_no_old_page() {
    let (app, author) = author();
    let path = publish(&author, &post("old")).await;
    let token = sign_up(&app, "author").token;
    assert_eq!(listed(&author, POSTS, "title").await, ["old"]);
    // The row is locked, so that the write waits and the connection is gone before it is done.
    let mut holding = app.scratch.connect().unwrap();
    holding.batch_execute("BEGIN; SELECT FROM posts FOR UPDATE").unwrap();
    let body = post("new").to_string();
    let mut connection = TcpStream::connect(app.address()).unwrap();
    write!(
        connection,
        "PUT {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\nIf-Match: *\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let waiting =
        "pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while count(&app.scratch, waiting) == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    drop(connection);
    holding.batch_execute("COMMIT").unwrap();
    while count(&app.scratch, "posts WHERE title = 'new'") == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    for _ in 0..200 {
        if listed(&author, POSTS, "title").await == ["new"] {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("a second later the list is still the old one");
}
