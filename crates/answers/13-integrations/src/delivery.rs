//! From a queue to a partner: sign, send, note what became of it, and go on with the next.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use error_handling::{Guarded, Problem, Retry};
use foundation::database::Database;

use crate::breaker::Breakers;
use crate::courier::{Courier, CourierError};
use crate::model::PartnerId;
use crate::outbox::{self, Head, Queue, Settled};

/// How long and how often to try.
#[derive(Clone, Copy, Debug)]
pub struct DeliverySettings {
    /// Attempts until an event is a dead letter, and their waits: those of answer 8, kept in the
    /// database instead of in a sleeping task, which a restart would forget.
    pub retry: Retry,
    /// How long a worker may take for one attempt before it is taken for dead; longer than any
    /// request can take.
    pub lease: Duration,
}

impl Default for DeliverySettings {
    /// Eighteen attempts over about a day and a half.
    fn default() -> Self {
        let (base, cap) = (Duration::from_secs(2), Duration::from_secs(3 * 3_600));
        Self { retry: Retry { attempts: 18, base, cap }, lease: Duration::from_secs(8) }
    }
}

/// Sends events to partners; cheap to clone.
#[derive(Clone, Debug)]
pub struct Deliveries {
    database: Database,
    courier: Courier,
    breakers: Arc<Breakers>,
    settings: DeliverySettings,
}

/// What a visit to a queue did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    /// Events that the partner took.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
}

impl Deliveries {
    /// Sends through this courier what this database holds.
    #[must_use]
    pub fn new(
        database: Database,
        courier: Courier,
        breakers: Arc<Breakers>,
        settings: DeliverySettings,
    ) -> Self {
        Self { database, courier, breakers, settings }
    }

    /// Sends the events of a queue in their order until none is due or one fails.
    ///
    /// # Errors
    /// 503 when the database is away; what was sent and not noted is sent again, with its id.
    pub async fn visit(&self, queue: Queue) -> Result<Visit, Problem> {
        let mut visit = Visit::default();
        // An attempt is a request that was made: a partner that is down costs others' events none.
        while !self.breakers.is_open(queue.partner()) {
            let lease = self.settings.lease;
            let claim = move |connection: &mut _| outbox::claim(connection, queue, lease);
            let Some(head) = self.database.run_write(claim).await? else { break };
            let outcome = self.attempt(queue, &head).await;
            let settle = move |connection: &mut _| outbox::settle(connection, &head, &outcome);
            self.database.run_write(settle).await?;
            match outcome {
                Settled::Delivered => visit.delivered += 1,
                Settled::Postponed(_) => break,
                Settled::Retry(..) | Settled::Dead(_) => {
                    visit.failed += 1;
                    break;
                }
            }
        }
        Ok(visit)
    }

    /// Partners that nothing is sent to at present.
    #[must_use]
    pub fn down(&self) -> Vec<PartnerId> {
        self.breakers.open()
    }

    async fn attempt(&self, queue: Queue, head: &Head) -> Settled {
        let sent = self.breakers.call(queue.partner(), self.send(head)).await;
        let failure = match sent {
            Ok(status) if (200..300).contains(&status) => return Settled::Delivered,
            // Standard Webhooks: the receiver wants no more of these.
            Ok(410) => return Settled::Dead("410 Gone"),
            Ok(_) => "another status than 2xx",
            // Half-open: another queue's event is the probe.
            Err(Guarded::Open { retry_after }) => return Settled::Postponed(retry_after),
            Err(Guarded::Failed(error)) => error.word(),
        };
        let (made, retry) = (head.attempts.unsigned_abs(), self.settings.retry);
        if made >= retry.attempts {
            return Settled::Dead(failure);
        }
        Settled::Retry(retry.wait(made), failure)
    }

    /// Any status is an answer: the breaker is about a partner that gives none.
    async fn send(&self, head: &Head) -> Result<u16, CourierError> {
        let timestamp = Utc::now().timestamp();
        let body = head.body.as_bytes();
        let [id, time, signature] = head.secret().headers(&head.event_id, timestamp, body);
        let headers = [("content-type", "application/json".to_owned()), id, time, signature];
        let answer = self.courier.post(&head.url(), &headers, body.to_vec()).await?;
        Ok(answer.status)
    }
}
