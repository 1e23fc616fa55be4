//! A retry storm: each impatient try is repeated at once, against a carrier that is merely slow.

use std::net::SocketAddr;
use std::time::Duration;

use error_handling::{
    Cause, CircuitBreaker, Guarded, Problem, Retry, RetryBudget, Safety, Transient,
};
use foundation::metrics::Metrics;
use foundation::operations;

use super::{Case, Fault};
use crate::service::{Action, Feature, Part, Runs};
use crate::signals::Evidence;

/// How long one try may take.
const PATIENCE: Duration = Duration::from_millis(200);
/// Tries of the faulty code, one right after the other.
const TRIES: u32 = 8;
/// Calls per request above which they are a storm.
const STORM: f64 = 4.0;
/// The most bytes of an answer that are read.
const ANSWER: usize = 1 << 10;

pub(crate) const CALLS: &str = "carrier_calls_total";

pub(super) static CASE: Case = Case {
    fault: Fault::RetryStorm,
    title: "retry storm against a slow dependency",
    injected: "the carrier becomes slow",
    mitigation: &[Action::Off(Feature::Shipping)],
    evidence: |seen| Evidence {
        text: format!("calls of the carrier for each request: {:.1}", seen.calls_per_parcel),
        present: seen.calls_per_parcel >= STORM,
    },
    cause: "each call is cut off before the slow carrier can answer and repeated at once, without \
            a budget: eight times the work, and none of it is used",
    fix: "retries within a budget of a tenth, behind a circuit breaker; without an answer the \
          status is left out",
    prevention: "alert on calls per request; retries only through the shared budget",
    hints: [
        "One route fails and the others do not. Who else does it need? Look at `slow` for where \
         its time goes, and at `metrics carrier`.",
        "The carrier is called many times for each request: compare `carrier_calls_total` with \
         the requests of that route. It is slow, and we make it worse. `mitigate off shipping` \
         lets the route answer without it.",
        "It is a retry storm against a slow dependency. Enter `mitigate off shipping`, `guess \
         retry-storm`, `fix`.",
    ],
};

/// Asks the carrier where a parcel is.
pub(crate) struct Tracking {
    pub(crate) part: Part,
    carrier: SocketAddr,
    metrics: Metrics,
    retry: Retry,
    budget: RetryBudget,
    breaker: CircuitBreaker,
}

/// The carrier did not answer in time, or not well.
#[derive(Debug)]
struct NoAnswer;

impl Transient for NoAnswer {
    fn is_transient(&self) -> bool {
        true
    }
}

impl Tracking {
    pub(crate) fn new(carrier: SocketAddr, metrics: Metrics) -> Self {
        metrics.count(CALLS, "Calls of the carrier", 0);
        Self {
            part: Part::new(true),
            carrier,
            metrics,
            retry: Retry { attempts: 2, base: PATIENCE, cap: PATIENCE },
            budget: RetryBudget::new(0.1, 10),
            breaker: CircuitBreaker::new(3, Duration::from_secs(1)),
        }
    }

    /// The carrier's word; `None` where it is not asked or, once repaired, does not answer.
    pub(crate) async fn status(
        &self,
        client: &awc::Client,
        order: i64,
    ) -> Result<Option<String>, Problem> {
        match self.part.runs() {
            Runs::Nothing => Ok(None),
            Runs::Faulty => self.insist(client, order).await.map(Some),
            Runs::Repaired => Ok(self.ask_within_budget(client, order).await),
        }
    }

    async fn insist(&self, client: &awc::Client, order: i64) -> Result<String, Problem> {
        for _ in 0..TRIES {
            if let Ok(status) = self.ask(client, order).await {
                return Ok(status);
            }
        }
        Err(Problem::unavailable("The carrier does not answer.", Duration::from_secs(1))
            .with_cause(Cause::new("carrier does not answer")))
    }

    /// The fix: few calls in all, and an answer without the status instead of none.
    async fn ask_within_budget(&self, client: &awc::Client, order: i64) -> Option<String> {
        let guarded = async || match self.breaker.call(self.ask(client, order)).await {
            Ok(status) => Ok(Some(status)),
            Err(Guarded::Open { .. }) => Ok(None),
            Err(Guarded::Failed(error)) => Err(error),
        };
        self.retry.call(&self.budget, Safety::Idempotent, guarded).await.ok().flatten()
    }

    async fn ask(&self, client: &awc::Client, order: i64) -> Result<String, NoAnswer> {
        self.metrics.count(CALLS, "Calls of the carrier", 1);
        let url = format!("http://{}/parcels/{order}", self.carrier);
        let answer = async {
            let mut response = client.get(url).send().await.map_err(|_| NoAnswer)?;
            let body = response.body().limit(ANSWER).await.map_err(|_| NoAnswer)?;
            String::from_utf8(body.to_vec()).map_err(|_| NoAnswer)
        };
        let answer = tokio::time::timeout(PATIENCE, answer);
        operations::timed("carrier", answer).await.unwrap_or(Err(NoAnswer))
    }
}
