//! A server with this answer alone, and requests to it.

#![allow(dead_code)] // Each test binary uses its own part.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use actix_web::http::Method;
use auth::MODULE;
use auth::testing::account;
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use foundation::scratch::Scratch;
use foundation::testing::{Client, Reply, TestApp};
use serde_json::{Value, json};

pub(crate) const SESSIONS: &str = "/api/v1/sessions";
pub(crate) const CURRENT: &str = "/api/v1/sessions/current";
pub(crate) const REFRESH: &str = "/api/v1/sessions/refresh";
pub(crate) const PASSWORD_ROUTE: &str = "/api/v1/users/me/password";

pub(crate) const ADA: &str = "ada@example.org";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Cheap hashes, and no limit but those that a test is about.
pub(crate) const FLAGS: [&str; 10] = [
    "--bcrypt-cost",
    "4",
    "--hashing-wait",
    "60s",
    "--rate-limit",
    "0",
    "--login-limit",
    "0",
    "--login-address-limit",
    "0",
];

pub(crate) fn flags<'flag>(more: &[&'flag str]) -> Vec<&'flag str> {
    FLAGS.iter().chain(more).copied().collect()
}

/// A server that has Ada.
pub(crate) fn app_with(more: &[&str]) -> TestApp {
    let app = TestApp::serving(&[&MODULE], &flags(more));
    let _ = account(&app.scratch, ADA, PASSWORD, 4);
    app
}

pub(crate) fn app() -> TestApp {
    app_with(&[])
}

pub(crate) fn login(email: &str, password: &str) -> Value {
    json!({"email": email, "password": password})
}

/// What a device keeps.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) session: i64,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Device {
    pub(crate) fn of(reply: &Reply) -> Self {
        let body = reply.json();
        Self {
            session: body["session_id"].as_i64().unwrap(),
            access: body["access_token"].as_str().unwrap().to_owned(),
            refresh: body["refresh_token"].as_str().unwrap().to_owned(),
        }
    }
}

/// Logs Ada in on another device.
pub(crate) async fn log_in(client: &Client) -> Device {
    let reply = client.post(SESSIONS, &login(ADA, PASSWORD)).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    Device::of(&reply)
}

pub(crate) async fn refresh(client: &Client, token: &str) -> Reply {
    client.post(REFRESH, &json!({"refresh_token": token})).await
}

pub(crate) async fn delete(client: &Client, path: &str) -> Reply {
    client.send(Method::DELETE, path, &[], None).await
}

/// The ids of the sessions that the bearer of a token is shown.
pub(crate) async fn listed(app: &TestApp, access: &str) -> Vec<i64> {
    let reply = app.bearing(access).get(SESSIONS).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let sessions = reply.json();
    sessions.as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).collect()
}

/// Posts a log-in from an address of this machine's own network, 127.0.0.0/8.
pub(crate) async fn log_in_from(app: &TestApp, last: u8, body: &Value) -> u16 {
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 1, last));
    let client = awc::Client::builder().local_address(address);
    let client = client.timeout(Duration::from_secs(40)).finish();
    let url = format!("http://{}{SESSIONS}", app.address());
    client.post(url).send_json(body).await.unwrap().status().as_u16()
}

#[derive(QueryableByName)]
struct Cell {
    #[diesel(sql_type = Text)]
    value: String,
}

/// One value of one row, as text.
pub(crate) fn value(scratch: &Scratch, query: &str) -> String {
    let selected = sql_query(format!("SELECT ({query})::text AS value"));
    selected.get_result::<Cell>(&mut scratch.connect().unwrap()).unwrap().value
}

/// A metric without labels.
pub(crate) fn metric(app: &TestApp, name: &str) -> u64 {
    let text = String::from_utf8(app.metrics.render().unwrap()).unwrap();
    let line = text.lines().find(|line| line.split(' ').next() == Some(name));
    line.and_then(|line| line.rsplit(' ').next()).unwrap().parse::<f64>().unwrap() as u64
}
