//! Asking the provider, which may be slow, down, or have done it already.

use std::time::Duration;

use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use background_jobs::{Attempt, Failure};
use diesel::prelude::*;
use error_handling::{CircuitBreaker, Guarded, Problem};
use foundation::config::ShopConfig;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use web_security::{Outbound, OutboundError, OutboundRequest, OutboundSettings};

use super::callback::{Decision, MOST_ID_BYTES, conclude};
use super::{Charge, Refund};
use crate::model::{OrderId, Status};
use crate::store::orders;
use crate::store::payments::{self, Outcome};

/// Failures in a row after which the provider is left alone.
const THRESHOLD: u32 = 5;
/// How long it is left alone. Short: what waits in the queue meanwhile is revenue.
const COOL_DOWN: Duration = Duration::from_secs(2);
/// How long the provider may take to answer; nobody waits for it but the job.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Asks one provider for money. The breaker is one for each process: jobs that would fail the same
/// way wait in the queue, instead of in front of a provider that cannot answer.
#[derive(Debug)]
pub struct Charger {
    outbound: Outbound,
    breaker: CircuitBreaker,
    url: Url,
}

/// What the provider answers.
#[derive(Deserialize)]
struct Answer {
    reference: String,
    status: String,
}

/// Why there is no answer that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Trouble {
    #[error("the provider cannot be reached: {0}")]
    Unreachable(#[from] OutboundError),
    #[error("the provider is in trouble: {0}")]
    Down(u16),
}

impl Charger {
    /// For the provider of this configuration, if it names one.
    #[must_use]
    pub fn of(config: &ShopConfig) -> Option<Self> {
        // The address is the operator's own, so a private one is meant. The client is used for its
        // bounds: on time, on the size of an answer, on redirects.
        let everywhere = ["0.0.0.0/0", "::/0"].into_iter().filter_map(|net| net.parse().ok());
        let url = config.shop_payment_url.clone()?;
        let outbound = Outbound::new(OutboundSettings {
            allow: everywhere.collect(),
            timeout: ANSWER_WITHIN,
            body_limit: 16 << 10,
        });
        Some(Self { outbound, breaker: CircuitBreaker::new(THRESHOLD, COOL_DOWN), url })
    }

    /// Asks for the money of an order that is still waiting for it.
    ///
    /// # Errors
    /// [`Failure`]: again later where the provider may be back by then, for good where it refuses.
    pub async fn charge(&self, attempt: Attempt<Charge>) -> Result<(), Failure> {
        let order = attempt.payload.order;
        let state = attempt.database().run(move |c| orders::state(c, order)).await?;
        // Cancelled or expired meanwhile, or decided by a callback: nothing to ask for any more.
        let Some((Status::Reserved, amount)) = state else { return Ok(()) };
        let asked = json!({"order": order, "amount_cents": amount});
        let answer = self.post("charges", &format!("order-{order}"), &asked).await?;
        let ticket = attempt.ticket();
        let store = move |connection: &mut PgConnection| {
            connection.transaction(|connection| {
                keep(connection, order, amount, answer)?;
                Ok::<_, Problem>(ticket.complete(connection)?)
            })
        };
        attempt.database().run_write(store).await.map_err(Failure::from)
    }

    /// Gives the money of an order back.
    ///
    /// # Errors
    /// As [`Charger::charge`].
    pub async fn refund(&self, attempt: Attempt<Refund>) -> Result<(), Failure> {
        let order = attempt.payload.order;
        let due = attempt.database().run(move |c| payments::refund_due(c, order)).await?;
        let Some((reference, amount)) = due else { return Ok(()) };
        let asked = json!({"reference": reference, "amount_cents": amount});
        self.post("refunds", &format!("refund-{order}"), &asked).await?;
        attempt.database().run_write(move |c| payments::refunded(c, order)).await?;
        Ok(())
    }

    /// One request under an idempotency key, unless the provider did not answer a moment ago. Its
    /// addresses are beside each other, so the setting may end in `/charges` or before that.
    async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Answer, Failure> {
        let address = self.url.join(path).map_err(|_| Failure::for_good("no address to charge"))?;
        let key = HeaderValue::from_str(&format!("\"{key}\""))
            .map_err(|_| Failure::for_good("no key to charge under"))?;
        let request = OutboundRequest::post(address, body.to_string())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(HeaderName::from_static("idempotency-key"), key);
        let asked = async {
            let response = self.outbound.send(request).await?;
            let status = response.status.as_u16();
            // 429 and 5xx say nothing about this charge, all else does.
            if status >= 500 || status == 429 {
                return Err(Trouble::Down(status));
            }
            Ok(response)
        };
        let response = match self.breaker.call(asked).await {
            Ok(response) => response,
            Err(Guarded::Open { retry_after }) => {
                let reason = "the provider was down a moment ago";
                return Err(Failure::again_after(reason, retry_after));
            }
            Err(Guarded::Failed(trouble)) => return Err(Failure::again(trouble.to_string())),
        };
        if !response.status.is_success() {
            let reason = format!("the provider refuses: {}", response.status.as_u16());
            return Err(Failure::for_good(reason));
        }
        let answer: Option<Answer> = serde_json::from_slice(&response.body).ok();
        answer
            .filter(|answer| (1..=MOST_ID_BYTES).contains(&answer.reference.len()))
            .ok_or_else(|| Failure::again("the provider's answer cannot be read"))
    }
}

/// Keeps the charge. Of one that was decided at an earlier attempt, whose callback was perhaps lost,
/// the answer tells how.
fn keep(
    connection: &mut PgConnection,
    order: OrderId,
    amount_cents: i64,
    Answer { reference, status }: Answer,
) -> Result<(), Problem> {
    let outcome = match status.as_str() {
        "succeeded" => Outcome::Succeeded,
        "declined" => Outcome::Declined,
        _ => return Ok(payments::keep(connection, order, &reference, amount_cents)?),
    };
    conclude(connection, &Decision { order, reference, amount_cents }, outcome).map(drop)
}
