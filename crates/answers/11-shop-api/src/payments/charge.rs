//! Asking the provider, which may be slow, down, or have done it already.

use std::time::Duration;

use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use background_jobs::{Attempt, Failure};
use diesel::prelude::*;
use error_handling::{CircuitBreaker, Guarded, Problem};
use foundation::config::ShopConfig;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use web_security::{Outbound, OutboundError, OutboundRequest, OutboundSettings};

use super::callback::{Decision, MOST_REFERENCE_BYTES, conclude};
use super::{Charge, Refund, inquiry};
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

/// What the provider tells of a charge.
#[derive(Deserialize)]
pub(super) struct Answer {
    pub(super) reference: String,
    pub(super) status: String,
}

/// What the provider finds under a key.
#[derive(Deserialize)]
struct Found {
    charges: Vec<Answer>,
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
        let ticket = attempt.ticket();
        // Cancelled or expired meanwhile, or decided by a callback: nothing to ask for any more. But
        // an attempt before this one may have been charged for, and its answer lost.
        let Some((Status::Reserved, amount)) = state else {
            let end = move |connection: &mut PgConnection| {
                connection.transaction(|connection| {
                    if attempt.number > 1 {
                        inquiry::follow_up(connection, order)?;
                    }
                    ticket.complete(connection)
                })
            };
            return attempt.database().run_write(end).await.map_err(Failure::from);
        };
        let asked = json!({"order": order, "amount_cents": amount});
        let answer = self.post("charges", &key_of(order), &asked).await?;
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

    /// The charge of an order; `None` where the provider was never asked for one.
    ///
    /// # Errors
    /// As [`Charger::charge`].
    pub(super) async fn find(&self, order: OrderId) -> Result<Option<Answer>, Failure> {
        let mut address = self.address("charges")?;
        address.query_pairs_mut().append_pair("idempotency_key", &key_of(order));
        let body = self.ask(OutboundRequest::get(address)).await?;
        let found: Option<Found> = serde_json::from_slice(&body).ok();
        let mut charges = found.ok_or_else(unreadable)?.charges;
        charges.pop().map(checked).transpose()
    }

    /// Asks for something under an idempotency key.
    async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Answer, Failure> {
        let key = HeaderValue::from_str(&format!("\"{key}\""))
            .map_err(|_| Failure::for_good("no key to charge under"))?;
        let request = OutboundRequest::post(self.address(path)?, body.to_string())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(HeaderName::from_static("idempotency-key"), key);
        let body = self.ask(request).await?;
        checked(serde_json::from_slice(&body).map_err(|_| unreadable())?)
    }

    /// The provider's addresses are beside each other, so the setting may end in `/charges` or
    /// before that.
    fn address(&self, path: &str) -> Result<Url, Failure> {
        self.url.join(path).map_err(|_| Failure::for_good("no address to charge"))
    }

    /// One request, unless the provider did not answer a moment ago.
    async fn ask(&self, request: OutboundRequest) -> Result<Bytes, Failure> {
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
        Ok(response.body)
    }
}

/// What the provider tells repeats by.
fn key_of(order: OrderId) -> String {
    format!("order-{order}")
}

fn unreadable() -> Failure {
    Failure::again("the provider's answer cannot be read")
}

fn checked(answer: Answer) -> Result<Answer, Failure> {
    let readable = (1..=MOST_REFERENCE_BYTES).contains(&answer.reference.len());
    if readable { Ok(answer) } else { Err(unreadable()) }
}

/// What the provider decided, if it has.
pub(super) fn outcome_of(answer: &Answer) -> Option<Outcome> {
    match answer.status.as_str() {
        "succeeded" => Some(Outcome::Succeeded),
        "declined" => Some(Outcome::Declined),
        _ => None,
    }
}

/// Keeps the charge. Of one that was decided at an earlier attempt, whose callback was perhaps lost,
/// the answer tells how.
fn keep(
    connection: &mut PgConnection,
    order: OrderId,
    amount_cents: i64,
    answer: Answer,
) -> Result<(), Problem> {
    let Some(outcome) = outcome_of(&answer) else {
        payments::keep(connection, order, &answer.reference, amount_cents)?;
        return Ok(inquiry::follow_up(connection, order)?);
    };
    let decision = Decision { order, reference: answer.reference, amount_cents };
    conclude(connection, &decision, outcome).map(drop)
}
