//! A warehouse, who sends webhooks, and a browser that shows its steps.

use std::time::Duration;

use chrono::Utc;
use foundation::signature::Secret;
use serde_json::json;

/// A browser that follows nothing by itself.
#[must_use]
pub fn browser() -> awc::Client {
    awc::Client::builder().disable_redirects().timeout(Duration::from_secs(30)).finish()
}

/// One step of a browser: status and `Location`, without following it.
///
/// # Errors
/// Without an answer.
pub async fn step(
    client: &awc::Client,
    url: &str,
) -> Result<(u16, String), awc::error::SendRequestError> {
    let response = client.get(url).send().await?;
    let location = response.headers().get("location").and_then(|value| value.to_str().ok());
    Ok((response.status().as_u16(), location.unwrap_or_default().to_owned()))
}

/// A warehouse that tells of its stock, each event until it is taken.
#[derive(Clone, Debug)]
pub struct Warehouse {
    /// Where events are taken, such as `http://127.0.0.1:8080/api/v1/partners/3/events`.
    pub inbox: String,
    /// What it signs with.
    pub secret: Secret,
}

impl Warehouse {
    /// One attempt at one event; the status of the answer, or `None` without one.
    pub async fn tell(&self, id: &str, legacy_id: i64, delta: i16) -> Option<u16> {
        let told = json!({
            "type": "stock.changed", "data": {"legacy_id": legacy_id, "delta": delta},
        });
        self.send(id, Utc::now().timestamp(), told.to_string()).await
    }

    /// One attempt with any time and body, signed as they are.
    pub async fn send(&self, id: &str, timestamp: i64, body: String) -> Option<u16> {
        let client = awc::Client::builder().timeout(Duration::from_secs(5)).finish();
        let post = client.post(&self.inbox).insert_header(("content-type", "application/json"));
        let headers = self.secret.headers(id, timestamp, body.as_bytes());
        let signed = headers.into_iter().fold(post, awc::ClientRequest::insert_header);
        Some(signed.send_body(body).await.ok()?.status().as_u16())
    }

    /// Tells events 0 to `events` of one thing more each, trying each until it is taken. It keeps no
    /// note of how far it got, so one that is started again tells everything again.
    pub async fn tell_all(&self, events: u64, pages: i64) {
        for number in 0..events {
            let page = 1 + i64::try_from(number).unwrap_or_default() % pages;
            while self.tell(&format!("stock-{number}"), page, 1).await != Some(200) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
