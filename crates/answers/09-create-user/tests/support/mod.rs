//! A server with this answer alone, and requests to it.

#![allow(dead_code)] // Each test binary uses its own part.

use actix_web::http::Method;
use create_user::MODULE;
use foundation::testing::{Client, Reply, TestApp};
use serde_json::{Value, json};

pub(crate) const USERS: &str = "/api/v1/users";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Cheap hashes, and no limit but those that a test is about.
pub(crate) const FLAGS: [&str; 8] = [
    "--bcrypt-cost",
    "4",
    "--hashing-wait",
    "60s",
    "--rate-limit",
    "0",
    "--registration-limit",
    "0",
];

pub(crate) fn app() -> TestApp {
    TestApp::serving(&[&MODULE], &FLAGS)
}

pub(crate) fn ada() -> Value {
    json!({"email": "Ada@example.org", "name": "Ada Lovelace", "password": PASSWORD})
}

pub(crate) fn with_email(email: &str) -> Value {
    json!({"email": email, "name": "Somebody", "password": PASSWORD})
}

/// Posts a body with a key, as a client that wants to be able to repeat itself.
pub(crate) async fn post_with_key(client: &Client, key: &str, body: &Value) -> Reply {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    client.send(Method::POST, USERS, &headers, Some(body.to_string().into_bytes())).await
}
