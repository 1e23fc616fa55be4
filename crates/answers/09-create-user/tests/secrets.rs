//! What the log never holds. A binary of its own, as there is one log for a process.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::json;
use support::{PASSWORD, USERS, ada, app, post_with_key};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[actix_web::test]
async fn neither_password_nor_hash_nor_address_is_ever_logged() {
    let log = Log::default();
    let writer = log.clone();
    let everything = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone());
    everything.init();
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
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("request refused"), "the requests are in it");
    // The test's own client logs what it sends; the server's lines are those of a request.
    let served: String = log.lines().filter(|line| line.contains("request_id=")).collect();
    assert!(served.contains("constraint=users_email_unique"), "{served}");
    for secret in [PASSWORD, "$2b$", "ada@", "Ada@"] {
        assert!(!served.contains(secret), "{secret}: {served}");
    }
}
