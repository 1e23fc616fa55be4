//! Somebody who uses the API of a running backend over the network.

use std::time::Duration;

use awc::http::Method;
use serde_json::{Value, json};

/// Status and body of a response.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status, 0 where there was no response.
    pub status: u16,
    /// Body, null where it is not JSON.
    pub body: Value,
}

/// Tokens of somebody who has logged in on one device.
#[derive(Clone, Debug)]
pub struct Device {
    /// Sent with each request.
    pub access_token: String,
    /// Good for one refresh.
    pub refresh_token: String,
}

/// The password of everybody here.
pub const PASSWORD: &str = "correct horse battery";

/// Sends one request to `base`, the address of a backend.
pub async fn send(
    base: &str,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Reply {
    let client = awc::Client::builder().timeout(Duration::from_secs(20)).finish();
    let mut request = client.request(method, format!("{base}{path}"));
    if let Some(token) = token {
        request = request.insert_header(("authorization", format!("Bearer {token}")));
    }
    let sent = match body {
        Some(body) => request.send_json(body).await,
        None => request.send().await,
    };
    let Ok(mut response) = sent else { return Reply { status: 0, body: Value::Null } };
    let status = response.status().as_u16();
    let body = response.body().await.ok().and_then(|text| serde_json::from_slice(&text).ok());
    Reply { status, body: body.unwrap_or_default() }
}

/// Registers an account.
pub async fn register(base: &str, email: &str) -> Reply {
    let account = json!({"email": email, "name": "Somebody", "password": PASSWORD});
    send(base, Method::POST, "/api/v1/users", None, Some(&account)).await
}

/// Logs in.
pub async fn log_in(base: &str, email: &str, password: &str) -> Reply {
    let form = json!({"email": email, "password": password});
    send(base, Method::POST, "/api/v1/sessions", None, Some(&form)).await
}

/// Exchanges a refresh token for new ones.
pub async fn refresh(base: &str, token: &str) -> Reply {
    let form = json!({"refresh_token": token});
    send(base, Method::POST, "/api/v1/sessions/refresh", None, Some(&form)).await
}

impl Device {
    /// The tokens in the response to a log-in or a refresh; none in any other.
    #[must_use]
    pub fn of(reply: &Reply) -> Option<Self> {
        let text = |name: &str| reply.body[name].as_str().map(str::to_owned);
        Some(Self { access_token: text("access_token")?, refresh_token: text("refresh_token")? })
    }
}
