//! Trying again without making an outage worse.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Whether repeating a call can do harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// Twice is the same as once: reads, PUT, DELETE, or POST with an idempotency key.
    Idempotent,
    /// Twice may pay twice; never repeated.
    Once,
}

/// An error that knows whether it may pass by itself.
pub trait Transient {
    /// Whether the same call may succeed a moment later.
    fn is_transient(&self) -> bool;
}

/// How often and how soon to try again.
///
/// Full jitter (a random wait between zero and the cap) instead of fixed steps, because clients
/// that failed together would otherwise come back together.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// Tries in all, the first included.
    pub attempts: u32,
    /// Upper bound of the first wait; doubles with each further one.
    pub base: Duration,
    /// Upper bound of every wait.
    pub cap: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 3, base: Duration::from_millis(50), cap: Duration::from_secs(1) }
    }
}

impl Retry {
    /// Calls `operation` until it succeeds, fails for good, or may not be repeated any more.
    ///
    /// # Errors
    /// The last error of `operation`.
    pub async fn call<T, E: Transient>(
        &self,
        budget: &RetryBudget,
        safety: Safety,
        mut operation: impl AsyncFnMut() -> Result<T, E>,
    ) -> Result<T, E> {
        budget.deposit();
        let mut tries = 1;
        loop {
            let error = match operation().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let may_repeat = safety == Safety::Idempotent
                && error.is_transient()
                && tries < self.attempts
                && budget.withdraw();
            if !may_repeat {
                return Err(error);
            }
            tokio::time::sleep(self.wait(tries)).await;
            tries += 1;
        }
    }

    /// How long to wait after so many tries, from 1: for those who try again by other means than
    /// [`Retry::call`], such as a queue.
    #[must_use]
    pub fn wait(&self, tries: u32) -> Duration {
        let bound = self.base.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(self.cap);
        bound.mul_f64(rand::random::<f64>())
    }
}

/// Limits retries to a share of all calls, however many callers there are.
///
/// Attempts per call alone do not bound an outage: three tries each triple the load on a service
/// that is down because of load. A shared budget of a tenth keeps it at 1.1 times.
#[derive(Debug)]
pub struct RetryBudget {
    /// Retries earned per call.
    share: f64,
    /// Retries that may be saved up for a burst.
    reserve: f64,
    /// A mutex instead of an atomic: two operations on one `f64`, held for nanoseconds.
    saved: Mutex<f64>,
}

impl RetryBudget {
    /// A budget of `share` retries per call (0 to 1), saving up at most `reserve`. It starts empty:
    /// the bound of `1 + share` then holds from the first call on.
    #[must_use]
    pub fn new(share: f64, reserve: u32) -> Self {
        Self {
            share: share.clamp(0.0, 1.0),
            reserve: f64::from(reserve.max(1)),
            saved: Mutex::new(0.0),
        }
    }

    /// No bound at all; only to show what that does.
    pub(crate) fn unlimited() -> Self {
        Self { share: 0.0, reserve: f64::INFINITY, saved: Mutex::new(f64::INFINITY) }
    }

    fn deposit(&self) {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        *saved = (*saved + self.share).min(self.reserve);
    }

    fn withdraw(&self) -> bool {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = *saved >= 1.0;
        if enough {
            *saved -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_jittered_below_a_bound_that_doubles_up_to_a_cap() {
        let (base, cap) = (Duration::from_secs(1), Duration::from_secs(60));
        let retry = Retry { attempts: 18, base, cap };
        for (tries, most) in [(1, 1), (2, 2), (5, 16), (7, 60), (1_000, 60)] {
            let waits: Vec<Duration> = (0..200).map(|_| retry.wait(tries)).collect();
            assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(most)), "{tries}");
            let (least, longest) = (waits.iter().min(), waits.iter().max());
            assert!(least < longest, "they differ");
        }
    }
}
