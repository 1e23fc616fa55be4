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
    /// A mutex: state and era change together, and no await happens while it is held.
    circuit: Mutex<Circuit>,
}

#[derive(Debug)]
struct Circuit {
    state: State,
    /// Counts the changes of state. A call is judged in the era it was admitted in and in no later
    /// one: a straggler from before the outage says nothing about the probe.
    era: u64,
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
        let circuit = Mutex::new(Circuit { state: State::Closed { failures: 0 }, era: 0 });
        Self { threshold: threshold.max(1), cool_down, circuit }
    }

    /// Calls `operation` unless the circuit is open.
    ///
    /// A call that is dropped half-way counts as failed, so that a probe whose caller gave up
    /// cannot leave the circuit half-open for ever. Give `operation` a time-out of its own: as long
    /// as a probe hangs, nobody else is let through.
    ///
    /// # Errors
    /// [`Guarded::Open`] without a call, [`Guarded::Failed`] after one.
    pub async fn call<T, E>(
        &self,
        operation: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Guarded<E>> {
        let era = self.admit().map_err(|retry_after| Guarded::Open { retry_after })?;
        let mut verdict = Verdict { breaker: self, era, succeeded: false };
        let outcome = operation.await;
        verdict.succeeded = outcome.is_ok();
        outcome.map_err(Guarded::Failed)
    }

    /// Whether calls are refused at present.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.lock().state, State::Open { until } if Instant::now() < until)
    }

    fn admit(&self) -> Result<u64, Duration> {
        let mut circuit = self.lock();
        let now = Instant::now();
        match circuit.state {
            State::Closed { .. } => Ok(circuit.era),
            State::Open { until } if now < until => Err(until - now),
            State::Open { .. } => Ok(circuit.enter(State::HalfOpen)),
            State::HalfOpen => Err(self.cool_down),
        }
    }

    fn record(&self, era: u64, succeeded: bool) {
        let mut circuit = self.lock();
        if circuit.era != era {
            return;
        }
        match circuit.state {
            State::Closed { .. } if succeeded => circuit.state = State::Closed { failures: 0 },
            State::Closed { failures } if failures + 1 < self.threshold => {
                circuit.state = State::Closed { failures: failures + 1 };
            }
            State::HalfOpen if succeeded => {
                circuit.enter(State::Closed { failures: 0 });
            }
            _ => {
                circuit.enter(State::Open { until: Instant::now() + self.cool_down });
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Circuit {
    /// Changes the state; returns the era that begins.
    fn enter(&mut self, state: State) -> u64 {
        self.state = state;
        self.era += 1;
        self.era
    }
}

struct Verdict<'breaker> {
    breaker: &'breaker CircuitBreaker,
    era: u64,
    succeeded: bool,
}

impl Drop for Verdict<'_> {
    fn drop(&mut self) {
        self.breaker.record(self.era, self.succeeded);
    }
}
