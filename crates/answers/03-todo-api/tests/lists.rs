//! Lists: in pages, by filters, cached, and never old.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::http::Method;
use auth::testing::sign_up;
use diesel::Connection;
use diesel::connection::{InstrumentationEvent, SimpleConnection};
use foundation::paging::Limit;
use foundation::testing::{Client, TestApp, TestRedis, execute};
use futures_util::future::{join, join_all};
use serde_json::json;
use support::{CATEGORIES, FLAGS, TODOS, delete, make, make_category, owner, patch, send, titles};
use todo_api::MODULE;
use todo_api::store::todos::{Filter, Listing, page};

/// Pages from this path on, each with what its `Link` says is next.
async fn follow(client: &Client, path: &str) -> Vec<Vec<String>> {
    let (mut pages, mut next) = (Vec::new(), Some(path.to_owned()));
    while let Some(path) = next {
        pages.push(titles(client, &path).await);
        let reply = client.get(&path).await;
        let link = reply.header("link");
        next = link
            .strip_prefix('<')
            .map(|link| link.split_once(">; rel=\"next\"").unwrap().0.to_owned());
    }
    pages
}

/// How often this server has read a page of to-dos from the database.
fn store_reads(app: &TestApp) -> u64 {
    let metrics = String::from_utf8(app.metrics.render().unwrap()).unwrap();
    let line = metrics.lines().find_map(|line| line.strip_prefix("todo_list_store_reads_total "));
    line.unwrap().parse().unwrap()
}

#[actix_web::test]
async fn pages_follow_each_other_while_to_dos_come_and_go() {
    let (_app, client) = owner();
    let mut paths = Vec::new();
    for n in 0..7 {
        paths.push(make(&client, json!({"title": format!("{n}")})).await);
    }
    let pages = follow(&client, &format!("{TODOS}?limit=3")).await;
    assert_eq!(pages, [vec!["0", "1", "2"], vec!["3", "4", "5"], vec!["6"]]);
    let first = client.get(&format!("{TODOS}?limit=3")).await;
    let next = first.header("link").trim_start_matches('<').split('>').next().unwrap().to_owned();
    assert!(next.starts_with(&format!("{TODOS}?limit=3&cursor=")), "{next}");
    delete(&client, &paths[0]).await;
    make(&client, json!({"title": "7"})).await;
    let rest = follow(&client, &next).await;
    assert_eq!(rest, [vec!["3", "4", "5"], vec!["6", "7"]], "nothing skipped, nothing twice");
}

#[actix_web::test]
async fn filters_hold_on_every_page() {
    let (_app, client) = owner();
    let category = make_category(&client, "Home").await;
    for n in 0..8 {
        let category = (n % 2 == 0).then_some(category);
        let todo = json!({"title": format!("{n}"), "completed": n < 4, "category_id": category});
        make(&client, todo).await;
    }
    for (query, expected) in [
        ("completed=true", "0123"),
        ("completed=false", "4567"),
        (&*format!("category={category}"), "0246"),
        (&*format!("category={category}&completed=false"), "46"),
        ("category=999999", ""),
    ] {
        let whole = titles(&client, &format!("{TODOS}?{query}")).await.concat();
        assert_eq!(whole, expected, "{query}");
        let pages = follow(&client, &format!("{TODOS}?{query}&limit=3")).await;
        assert_eq!(pages.concat().concat(), expected, "{query}");
        assert!(pages.iter().all(|page| page.len() <= 3));
    }
}

#[actix_web::test]
async fn a_list_is_304_until_something_in_it_changes() {
    let (_app, client) = owner();
    let category = make_category(&client, "Home").await;
    let path = make(&client, json!({"title": "a", "category_id": category})).await;
    let mut tag = client.get(TODOS).await.header("etag").to_owned();
    let category = format!("{CATEGORIES}/{category}");
    for change in 0..5 {
        let known = send(&client, Method::GET, TODOS, ("if-none-match", &tag), None).await;
        assert_eq!((known.status.as_u16(), &*known.text), (304, ""), "before change {change}");
        match change {
            0 => drop(patch(&client, &path, json!({"title": "b"})).await),
            1 => drop(make(&client, json!({"title": "c"})).await),
            2 => drop(patch(&client, &category, json!({"name": "Work"})).await),
            3 => drop(delete(&client, &category).await),
            _ => drop(delete(&client, &path).await),
        }
        let after = send(&client, Method::GET, TODOS, ("if-none-match", &tag), None).await;
        assert_eq!(after.status, 200, "change {change}");
        assert_ne!(after.header("etag"), tag);
        tag = after.header("etag").to_owned();
    }
}

#[actix_web::test]
async fn first_pages_are_read_once_and_other_pages_each_time() {
    let (app, client) = owner();
    make(&client, json!({"title": "a"})).await;
    for (path, reads) in [
        (TODOS, 1),
        ("/api/v1/todos?completed=false", 1),
        ("/api/v1/todos?completed=true", 1),
        ("/api/v1/todos?limit=100", 4),
        ("/api/v1/todos?category=1", 4),
    ] {
        let before = store_reads(&app);
        // At once: a cached page without Redis lives for a second only.
        let read = join_all((0..4).map(|_| client.get(path))).await;
        assert!(read.iter().all(|reply| reply.status == 200));
        assert_eq!(store_reads(&app) - before, reads, "{path}");
    }
}

#[actix_web::test]
async fn a_read_after_a_write_shows_it_whatever_raced_it() {
    let (_app, client) = owner();
    let path = make(&client, json!({"title": "a", "order": 0})).await;
    for round in 1..=20 {
        let change = json!({"order": round});
        let racing = join_all((0..4).map(|_| client.get(TODOS)));
        join(patch(&client, &path, change), racing).await;
        for reply in join_all((0..4).map(|_| client.get(TODOS))).await {
            assert_eq!(reply.json()[0]["order"], round);
        }
    }
}

#[actix_web::test]
async fn another_replica_shows_a_write_at_once_where_there_is_redis() {
    let redis = TestRedis::start();
    let (first, scratch) = {
        let app = TestApp::serving(&[&MODULE], &FLAGS);
        let scratch = Arc::clone(&app.scratch);
        drop(app);
        (TestApp::serving_with(&scratch, &[&MODULE], &FLAGS, Some(&redis)), scratch)
    };
    let second = TestApp::serving_with(&scratch, &[&MODULE], &FLAGS, Some(&redis));
    let owner = sign_up(&first, "owner");
    let (here, there) = (owner.client, second.bearing(owner.token));
    let path = make(&here, json!({"title": "a", "order": 0})).await;
    let before = store_reads(&first) + store_reads(&second);
    for round in 1..=20 {
        let change = json!({"order": round});
        assert_eq!(patch(&here, &path, change).await.status, 200);
        for client in [&there, &here, &there, &here] {
            assert_eq!(client.get(TODOS).await.json()[0]["order"], round);
        }
    }
    let reads = store_reads(&first) + store_reads(&second) - before;
    assert_eq!(reads, 20, "of eighty reads one for each write goes to the store");
}

#[actix_web::test]
async fn replicas_share_a_users_limit_where_there_is_redis() {
    let redis = TestRedis::start();
    let flags = ["--rate-limit", "0", "--user-rate-limit", "4"];
    let first = TestApp::serving(&[&MODULE], &FLAGS);
    let scratch = Arc::clone(&first.scratch);
    drop(first);
    let replica = || TestApp::serving_with(&scratch, &[&MODULE], &flags, Some(&redis));
    let (one, two) = (replica(), replica());
    let owner = sign_up(&one, "owner");
    let there = two.bearing(owner.token);
    let mut granted = 0;
    for client in [&owner.client, &there, &owner.client, &there, &owner.client, &there] {
        granted += u32::from(client.get(TODOS).await.status == 200);
    }
    assert_eq!(granted, 4);
}

#[actix_web::test]
async fn a_client_that_hangs_up_while_it_writes_leaves_no_old_list() {
    let app = TestApp::serving(&[&MODULE], &FLAGS);
    let owner = sign_up(&app, "owner");
    let path = make(&owner.client, json!({"title": "old"})).await;
    assert_eq!(titles(&owner.client, TODOS).await, ["old"]);
    // The row is locked, so that the write waits and the connection is gone before it is done.
    let mut holding = app.scratch.connect().unwrap();
    holding.batch_execute("BEGIN; SELECT FROM todos FOR UPDATE").unwrap();
    let mut connection = TcpStream::connect(app.address()).unwrap();
    let (token, body) = (&owner.token, r#"{"title":"new"}"#);
    write!(connection, "GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    write!(
        connection,
        "PATCH {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let waiting = "pg_stat_activity WHERE wait_event_type = 'Lock'
                   AND datname = current_database()";
    until_there(&app, waiting).await;
    drop(connection);
    tokio::time::sleep(Duration::from_millis(50)).await;
    holding.batch_execute("COMMIT").unwrap();
    until_there(&app, "todos WHERE title = 'new'").await;
    // Committed; the list is forgotten a moment later, with nobody to wait for it.
    for _ in 0..4_000 {
        if titles(&owner.client, TODOS).await == ["new"] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the list is still the old one");
}

/// Waits until the database has such rows.
async fn until_there(app: &TestApp, rows: &str) {
    for _ in 0..10_000 {
        if foundation::testing::count(&app.scratch, rows) > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("there are no {rows}");
}

#[actix_web::test]
async fn a_page_of_to_dos_in_categories_is_one_statement() {
    let app = TestApp::serving(&[&MODULE], &FLAGS);
    let owner = sign_up(&app, "owner");
    make_category(&owner.client, "Home").await;
    let fill = "INSERT INTO todos (user_id, title, category_id)
                SELECT user_id, 'filled', id FROM categories, generate_series(1, 50)";
    assert_eq!(execute(&app.scratch, fill), 50);
    let statements = Arc::new(AtomicU32::new(0));
    let mut connection = app.scratch.connect().unwrap();
    let counter = Arc::clone(&statements);
    connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    let limit = Limit::parse(None, 100, 500).unwrap();
    let listing = Listing { filter: Filter::default(), after: None, limit };
    let page = page(&mut connection, owner.user, &listing).unwrap();
    assert_eq!(page.len(), 50);
    assert!(page.iter().all(|todo| todo.category_name.as_deref() == Some("Home")));
    assert_eq!(statements.load(Ordering::Relaxed), 1);
}
