//! What the log never holds. A binary of its own, as there is one log for a process.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use actix_web::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use support::{ADA, PASSWORD, PASSWORD_ROUTE, SESSIONS, app_with, listed, log_in, login, refresh};
use tempfile::NamedTempFile;

#[actix_web::test]
async fn no_password_hash_token_key_or_address_is_ever_logged_and_each_refusal_has_its_reason() {
    let log = NamedTempFile::new().unwrap();
    let everything = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    everything.with_ansi(false).with_writer(log.reopen().unwrap()).init();
    let key = STANDARD.encode(b"a key of thirty-two bytes, or so");
    let app = app_with(&["--token-keys", &format!("now:{key}"), "--refresh-grace", "0s"]);
    let client = app.anonymous();
    let first = log_in(&client).await;
    client.post(SESSIONS, &login(ADA, "wrong horse battery")).await.problem(401);
    client.post(SESSIONS, &login("ada", PASSWORD)).await.problem(422);
    listed(&app, &first.access).await;
    app.bearing(format!("{}x", first.access)).get(SESSIONS).await.problem(401);
    let change = json!({"current_password": PASSWORD, "new_password": "staple horse battery"});
    app.bearing(&first.access).json(Method::PUT, PASSWORD_ROUTE, &change).await;
    let second = refresh(&client, &first.refresh).await;
    assert_eq!(second.status, 200);
    refresh(&client, &first.refresh).await.problem(401);

    let log = std::fs::read_to_string(log.path()).unwrap();
    // The test's own client logs what it sends; the server's lines are those of a request, and
    // those from before the first one.
    let served: String = log.lines().filter(|line| line.contains("request_id=")).collect();
    for reason in
        ["wrong address or password", "token signature is wrong", "refresh token was used before"]
    {
        assert!(served.contains(reason), "{reason}: {served}");
    }
    let access = first.access.rsplit('.').next().unwrap();
    let secrets = [
        PASSWORD,
        "wrong horse",
        "staple horse",
        "$2b$",
        "ada@",
        access,
        &first.refresh,
        second.json()["refresh_token"].as_str().unwrap(),
        &key,
        "a key of thirty",
    ]
    .map(str::to_owned);
    for secret in secrets {
        assert!(!served.contains(&secret), "{secret}: {served}");
    }
    let before_requests: String = log.lines().filter(|line| !line.contains("awc")).collect();
    assert!(!before_requests.contains(&key), "not at the start either");
}
