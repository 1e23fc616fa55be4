//! A request with an `Idempotency-Key` may be repeated: nothing is done twice.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use create_user::MODULE;
use foundation::testing::{TestApp, count, execute};
use futures_util::future::join_all;
use support::{FLAGS, ada, app, post_with_key, with_email};

const KEY: &str = "\"8e03978e-40d5\"";

#[actix_web::test]
async fn the_same_key_and_request_again_get_the_same_response_and_one_row() {
    let app = app();
    let client = app.anonymous();
    let first = post_with_key(&client, KEY, &ada()).await;
    let again = post_with_key(&client, KEY, &ada()).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201), "{}", again.text);
    assert_eq!((&again.text, again.header("location")), (&first.text, first.header("location")));
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(count(&app.scratch, "users"), 1);
}

#[actix_web::test]
async fn eight_at_once_make_one_row_and_the_others_wait_or_get_its_response() {
    let app = app();
    let client = app.anonymous();
    let body = ada();
    let replies = join_all((0..8).map(|_| post_with_key(&client, KEY, &body))).await;
    let made: Vec<_> = replies.iter().filter(|reply| reply.status == 201).collect();
    let fresh = made.iter().filter(|reply| reply.header("idempotency-replayed").is_empty());
    assert_eq!((fresh.count(), count(&app.scratch, "users")), (1, 1));
    assert!(made.iter().all(|reply| reply.text == made[0].text));
    for waiting in replies.iter().filter(|reply| reply.status != 201) {
        waiting.problem(409);
        assert_eq!(waiting.header("retry-after"), "1");
    }
}

#[actix_web::test]
async fn a_restarted_server_and_a_replica_know_the_response() {
    let first_server = app();
    let scratch = Arc::clone(&first_server.scratch);
    let first = post_with_key(&first_server.anonymous(), KEY, &ada()).await;
    drop(first_server);
    let restarted = TestApp::serving_on(&scratch, &[&MODULE], &FLAGS);
    let replica = TestApp::serving_on(&scratch, &[&MODULE], &FLAGS);
    for server in [&restarted, &replica] {
        let again = post_with_key(&server.anonymous(), KEY, &ada()).await;
        assert_eq!((again.status.as_u16(), &again.text), (201, &first.text));
        assert_eq!(again.header("idempotency-replayed"), "true");
    }
    assert_eq!(count(&scratch, "users"), 1);
}

#[actix_web::test]
async fn a_client_that_hung_up_gets_its_response_when_it_asks_again() {
    let flags: Vec<&str> = ["--bcrypt-cost", "9"].iter().chain(&FLAGS[2..]).copied().collect();
    let app = TestApp::serving(&[&MODULE], &flags);
    let body = ada().to_string();
    let mut connection = TcpStream::connect(app.address()).unwrap();
    // A response that is never read makes the system break the connection off instead of ending it,
    // which is what ends a handler.
    write!(connection, "GET /health/live HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    write!(
        connection,
        "POST /api/v1/users HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\
         Idempotency-Key: {KEY}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    for _ in 0..10_000 {
        if count(&app.scratch, "idempotency_keys") > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(count(&app.scratch, "idempotency_keys"), 1, "the handler has begun");
    drop(connection);
    let mut reply = post_with_key(&app.anonymous(), KEY, &ada()).await;
    // Far shorter than the lease, at whose end the key would be free as well.
    for _ in 0..1_600 {
        if reply.status != 409 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
        reply = post_with_key(&app.anonymous(), KEY, &ada()).await;
    }
    assert_eq!((reply.status.as_u16(), reply.header("idempotency-replayed")), (201, "true"));
    assert_eq!(count(&app.scratch, "users"), 1);
}

#[actix_web::test]
async fn the_same_key_with_another_request_is_refused() {
    let app = app();
    let client = app.anonymous();
    post_with_key(&client, KEY, &ada()).await;
    let mut other_password = ada();
    other_password["password"] = "another long password".into();
    for other in [with_email("eve@example.org"), other_password] {
        let problem = post_with_key(&client, KEY, &other).await.problem(422);
        assert_eq!(problem["errors"][0]["parameter"], "Idempotency-Key");
        assert_eq!(problem["errors"][0]["code"], "reused");
    }
    assert_eq!(count(&app.scratch, "users"), 1);
}

#[actix_web::test]
async fn a_key_whose_request_failed_may_be_used_again() {
    let app = app();
    let client = app.anonymous();
    post_with_key(&client, KEY, &ada()).await;
    let other = "\"another\"";
    post_with_key(&client, other, &with_email("ADA@example.org")).await.problem(409);
    assert_eq!(count(&app.scratch, "idempotency_keys"), 1, "the second key was given back");
    let corrected = post_with_key(&client, other, &with_email("eve@example.org")).await;
    assert_eq!(corrected.status, 201, "{}", corrected.text);
}

#[actix_web::test]
async fn what_a_dead_server_left_running_waits_for_its_lease_and_is_then_taken_over() {
    let app = app();
    let client = app.anonymous();
    post_with_key(&client, KEY, &ada()).await;
    // What a server leaves that dies between its claim and its transaction.
    let died = "WITH lost AS (DELETE FROM users) UPDATE idempotency_keys
                SET status = NULL, location = NULL, body = NULL, running_until = now()";
    execute(&app.scratch, &format!("{died} + interval '30 seconds'"));
    let reply = post_with_key(&client, KEY, &ada()).await;
    reply.problem(409);
    assert_eq!(reply.header("retry-after"), "1");
    execute(&app.scratch, &format!("{died} - interval '1 millisecond'"));
    let taken_over = post_with_key(&client, KEY, &ada()).await;
    assert_eq!(taken_over.status, 201, "{}", taken_over.text);
    assert_eq!(taken_over.header("idempotency-replayed"), "");
    assert_eq!(count(&app.scratch, "users"), 1);
}

#[actix_web::test]
async fn a_key_that_cannot_be_read_is_refused() {
    let app = app();
    let client = app.anonymous();
    let long = format!("\"{}\"", "k".repeat(256));
    for key in ["", "bare", "\"\"", "\"open", "\"a\"b\"", &long] {
        let problem = post_with_key(&client, key, &ada()).await.problem(400);
        assert_eq!(problem["errors"][0]["parameter"], "Idempotency-Key", "{key}");
    }
    assert_eq!(count(&app.scratch, "users"), 0);
}

#[actix_web::test]
async fn responses_are_forgotten_after_a_day() {
    let app = app();
    let client = app.anonymous();
    for key in ["\"old\"", "\"young\""] {
        post_with_key(&client, key, &with_email(&format!("{}@example.org", &key[1..4]))).await;
    }
    let aged = "UPDATE idempotency_keys SET created_at = now() - interval '25 hours'
                WHERE key = 'old'";
    assert_eq!(execute(&app.scratch, aged), 1);
    let job = MODULE.jobs.iter().find(|job| job.name == "idempotency-expiry").unwrap();
    let mut connection = app.scratch.connect().unwrap();
    let announced = job.run_locked(&mut connection, true).unwrap().unwrap();
    assert_eq!(announced, ["would forget 1 responses"]);
    assert_eq!(count(&app.scratch, "idempotency_keys"), 2);
    let done = job.run_locked(&mut connection, false).unwrap().unwrap();
    assert_eq!(done, ["forgot 1 responses"]);
    assert_eq!(count(&app.scratch, "idempotency_keys WHERE key = 'young'"), 1);
    assert_eq!(count(&app.scratch, "idempotency_keys"), 1);
}
