//! One buyer: what is asked, what is answered, and when to come back.

use std::time::Duration;

use actix_web::web::Bytes;
use awc::error::PayloadError;
use awc::http::header::{CONTENT_TYPE, RETRY_AFTER};
use awc::{Client, ClientResponse, Connector};
use futures_util::Stream;
use serde_json::{Value, json};
use tokio::time::Instant;

/// The longest that anybody waits for one answer.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long somebody waits who was told to come back, but not when.
const UNTOLD: Duration = Duration::from_secs(1);

/// The shop as its buyers see it.
#[derive(Clone)]
pub struct Shop {
    client: Client,
    orders: String,
    body: String,
    /// What the keys of this sale begin with, so that a second sale has others.
    sale: String,
    tokens: Vec<String>,
}

impl std::fmt::Debug for Shop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shop").field("orders", &self.orders).finish_non_exhaustive()
    }
}

/// What one request was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There is an order of this value.
    Ordered {
        /// In cents.
        total_cents: u64,
    },
    /// There is nothing left.
    SoldOut,
    /// Not now.
    Refused {
        /// When to come back, where the server said so.
        retry_after: Option<Duration>,
    },
    /// Anything else, by its status.
    Failed(u16),
    /// The connection failed or nothing came in time.
    Silence,
}

/// How it ended for one buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bought {
    /// The last answer.
    pub answer: Answer,
    /// From when the buyer should have come to the last answer.
    pub after: Duration,
    /// How long each request took, with its answer.
    pub requests: Vec<(Answer, Duration)>,
}

impl Answer {
    fn is_final(self) -> bool {
        !matches!(self, Self::Refused { .. })
    }

    /// The class that a load report counts it under.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Ordered { .. } => "ordered",
            Self::SoldOut => "sold out",
            Self::Refused { retry_after: Some(_) } => "refused",
            Self::Refused { retry_after: None } => "refused, not told for how long",
            Self::Failed(_) => "failed",
            Self::Silence => "no answer",
        }
    }
}

impl Shop {
    /// Where orders of one piece of `sku` are posted: `url` is the server's, `path` that of its
    /// orders. Buyers use `tokens` in turn; at most `connections` are open at once.
    #[must_use]
    pub fn new(url: &str, path: &str, sku: &str, tokens: Vec<String>, connections: usize) -> Self {
        let connector = Connector::new().limit(connections).timeout(DEADLINE);
        let client = Client::builder().connector(connector).timeout(DEADLINE).finish();
        let body = json!({"lines": [{"sku": sku, "quantity": 1}]}).to_string();
        let orders = format!("{}{path}", url.trim_end_matches('/'));
        Self { client, orders, body, sale: sale(), tokens }
    }

    /// The same for another sale: keys that were used would be answered from the store.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self { sale: sale(), ..self.clone() }
    }

    /// One request of a buyer; the same buyer always sends the same key.
    pub async fn order(&self, buyer: u64) -> Answer {
        let mut request = self.client.post(&self.orders).insert_header((CONTENT_TYPE, JSON));
        if let Some(token) = usize::try_from(buyer).ok().and_then(|buyer| self.token(buyer)) {
            request = request.bearer_auth(token);
        }
        let key = format!("\"{}-{buyer}\"", self.sale);
        let sent = request.insert_header((KEY, key)).send_body(self.body.clone()).await;
        match sent {
            Ok(mut response) => read(&mut response).await,
            Err(_) => Answer::Silence,
        }
    }

    fn token(&self, buyer: usize) -> Option<&String> {
        self.tokens.get(buyer.checked_rem(self.tokens.len())?)
    }

    /// Asks until there is an answer that stands, comes back when told to, and leaves at `closing`.
    pub async fn buy(&self, buyer: u64, closing: Instant) -> Bought {
        let came = Instant::now();
        let mut requests = Vec::new();
        loop {
            let asked = Instant::now();
            let answer = self.order(buyer).await;
            requests.push((answer, asked.elapsed()));
            let wait = match answer {
                Answer::Refused { retry_after } => retry_after.unwrap_or(UNTOLD),
                _ => Duration::ZERO,
            };
            if answer.is_final() || Instant::now() + wait >= closing {
                return Bought { answer, after: came.elapsed(), requests };
            }
            tokio::time::sleep(wait).await;
        }
    }
}

fn sale() -> String {
    format!("{:016x}", rand::random::<u64>())
}

const JSON: &str = "application/json";
const KEY: &str = "idempotency-key";

async fn read<S>(response: &mut ClientResponse<S>) -> Answer
where
    S: Stream<Item = Result<Bytes, PayloadError>> + 'static,
{
    let status = response.status().as_u16();
    let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = seconds.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    // Read to its end in any case: only then is the connection used again.
    let Ok(body) = response.body().await else { return Answer::Silence };
    match status {
        201 => {
            let order: Value = serde_json::from_slice(&body).unwrap_or_default();
            Answer::Ordered { total_cents: order["total_cents"].as_u64().unwrap_or(0) }
        }
        409 => {
            let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
            match problem["type"].as_str() {
                Some("/problems/out-of-stock") => Answer::SoldOut,
                // The first request with the same key still runs.
                _ if retry_after.is_some() => Answer::Refused { retry_after },
                _ => Answer::Failed(status),
            }
        }
        429 | 503 => Answer::Refused { retry_after },
        _ => Answer::Failed(status),
    }
}
