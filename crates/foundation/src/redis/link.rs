//! One connection, shared by everybody who asks: Redis answers in order, so one is enough.

use std::sync::Arc;
use std::time::Duration;

use error_handling::{CircuitBreaker, Guarded};
use redis::{RedisError, RedisResult, Value};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::PAUSE;
use super::server::Connection;

/// A connection that answers as far as anybody knows; cheap to clone.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) connection: Connection,
    /// Opens at the first failure, so that no request waits for a second one. The keeper asks, and
    /// replaces the link; only if that took longer than the cool-down would a request.
    breaker: Arc<CircuitBreaker>,
    failed: Arc<Notify>,
}

/// Why there is no answer.
pub(super) enum Failure {
    /// Nobody asked: somebody else's question has just failed.
    Spared,
    /// None came in time, or the connection is closed.
    Silent,
    /// Redis says no.
    Refused(RedisError),
}

impl Link {
    pub(super) fn new(connection: Connection) -> Self {
        let breaker = Arc::new(CircuitBreaker::new(1, PAUSE));
        Self { connection, breaker, failed: Arc::default() }
    }

    pub(super) fn is_open(&self) -> bool {
        self.breaker.is_open()
    }

    /// Waits until a question has failed.
    pub(super) async fn failed(&self) {
        self.failed.notified().await;
    }

    /// Waits for the answer to a question, which is counted as failed when dropped half-way.
    pub(super) async fn await_answer(
        self,
        answer: impl Future<Output = RedisResult<Value>>,
        wait: Duration,
    ) -> Result<Value, Failure> {
        let guarded = async {
            match timeout(wait, answer).await {
                Ok(Err(error)) if error.is_unrecoverable_error() => Err(()),
                // A refusal is an answer as well: the breaker is about a Redis that is away.
                Ok(answer) => Ok(answer),
                Err(_) => Err(()),
            }
        };
        match self.breaker.call(guarded).await {
            Ok(answer) => answer.map_err(Failure::Refused),
            Err(Guarded::Open { .. }) => Err(Failure::Spared),
            Err(Guarded::Failed(())) => {
                self.failed.notify_one();
                Err(Failure::Silent)
            }
        }
    }
}
