//! What the log never holds. A binary of its own, as there is one log for a process.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use serde_json::json;
use support::{PASSWORD, USERS, ada, app, post_with_key};
use tempfile::NamedTempFile;

#[actix_web::test]
async fn neither_password_nor_hash_nor_address_is_ever_logged() {
    let log = NamedTempFile::new().unwrap();
    let everything = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    everything.with_ansi(false).with_writer(log.reopen().unwrap()).init();
    let app = app();
    let client = app.anonymous();
    let mut wrong = ada();
    wrong["email"] = json!("ada@nowhere");
    let mut cut_off = ada().to_string();
    cut_off.truncate(cut_off.len() - 2);
    assert_eq!(post_with_key(&client, "\"key\"", &ada()).await.status, 201);
    client.post(USERS, &ada()).await.problem(409);
    client.post(USERS, &wrong).await.problem(422);
    client.post(USERS, &cut_off).await.problem(422);
    let log = std::fs::read_to_string(log.path()).unwrap();
    assert!(log.contains("request refused"), "the requests are in it");
    // The test's own client logs what it sends; the server's lines are those of a request.
    let served: String = log.lines().filter(|line| line.contains("request_id=")).collect();
    assert!(served.contains("constraint=users_email_unique"), "{served}");
    for secret in [PASSWORD, "$2b$", "ada@", "Ada@"] {
        assert!(!served.contains(secret), "{secret}: {served}");
    }
}
