//! Stops calling a dependency that is down, and finds out when it is back.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A circuit breaker: closed, open after consecutive failures, half-open for one probe at a time.
///
/// Consecutive failures are counted instead of a failure rate, as a rate needs a window and a
/// minimum of calls; switch when a dependency fails for some of its callers only.
#[derive(Debug)]
pub struct CircuitBreaker {
    threshold: u32,
    cool_down: Duration,
    /// A mutex: the three states change together, and no await happens while it is held.
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen,
}

/// Why a guarded call failed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Guarded<E> {
    /// Not called at all: the dependency was down a moment ago.
    #[error("circuit is open, next probe in {retry_after:?}")]
    Open {
        /// When the next probe may go out; suits `Retry-After`.
        retry_after: Duration,
    },
    /// Called, and it failed.
    #[error("{0}")]
    Failed(E),
}

impl CircuitBreaker {
    /// Opens after `threshold` failures in a row and probes again after `cool_down`.
    #[must_use]
    pub fn new(threshold: u32, cool_down: Duration) -> Self {
        let state = Mutex::new(State::Closed { failures: 0 });
        Self { threshold: threshold.max(1), cool_down, state }
    }

    /// Calls `operation` unless the circuit is open.
    ///
    /// A call that is dropped half-way counts as failed, so that a probe whose caller gave up
    /// cannot leave the circuit half-open for ever.
    ///
    /// # Errors
    /// [`Guarded::Open`] without a call, [`Guarded::Failed`] after one.
    pub async fn call<T, E>(
        &self,
        operation: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Guarded<E>> {
        self.admit().map_err(|retry_after| Guarded::Open { retry_after })?;
        let mut verdict = Verdict { breaker: self, succeeded: false };
        let outcome = operation.await;
        verdict.succeeded = outcome.is_ok();
        outcome.map_err(Guarded::Failed)
    }

    /// Whether calls are refused at present.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(*self.lock(), State::Open { until } if Instant::now() < until)
    }

    fn admit(&self) -> Result<(), Duration> {
        let mut state = self.lock();
        let now = Instant::now();
        match *state {
            State::Closed { .. } => Ok(()),
            State::Open { until } if now < until => Err(until - now),
            State::Open { .. } => {
                *state = State::HalfOpen;
                Ok(())
            }
            State::HalfOpen => Err(self.cool_down),
        }
    }

    fn record(&self, succeeded: bool) {
        let mut state = self.lock();
        let failures = match *state {
            State::Closed { failures } => failures + 1,
            State::Open { .. } => return,
            State::HalfOpen => self.threshold,
        };
        *state = match (succeeded, failures >= self.threshold) {
            (true, _) => State::Closed { failures: 0 },
            (false, true) => State::Open { until: Instant::now() + self.cool_down },
            (false, false) => State::Closed { failures },
        };
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Verdict<'breaker> {
    breaker: &'breaker CircuitBreaker,
    succeeded: bool,
}

impl Drop for Verdict<'_> {
    fn drop(&mut self) {
        self.breaker.record(self.succeeded);
    }
}
