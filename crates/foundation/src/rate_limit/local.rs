//! A limit kept in this process.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::{DashMapStateStore, ShrinkableKeyedStateStore};
use governor::{Quota, RateLimiter};

use super::Allowance;

/// Keys remembered before those that are no longer limited are forgotten for the first time.
const SWEEP_AT: usize = 50_000;

pub(super) struct Local<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, Store<K>, DefaultClock, StateInformationMiddleware>,
    store: Store<K>,
    clock: DefaultClock,
    /// Keys at which to forget next: twice as many as the last time left, or whoever draws fresh
    /// addresses would have every call look at all of them.
    sweep_at: AtomicUsize,
}

/// Governor's own store, kept at hand, as governor itself gives no call back.
struct Store<K: Hash + Eq + Clone>(Arc<DashMapStateStore<K>>);

impl<K: Hash + Eq + Clone> StateStore for Store<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, change: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.0.measure_and_replace(key, change)
    }
}

impl<K: Hash + Eq + Clone> ShrinkableKeyedStateStore<K> for Store<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        self.0.retain_recent(drop_below);
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Hash + Eq + Clone> Local<K> {
    pub(super) fn new(limit: NonZeroU32, interval: Duration) -> Self {
        let quota = Quota::with_period(interval)
            .unwrap_or_else(|| Quota::per_second(limit))
            .allow_burst(limit);
        let store = Store(Arc::default());
        let clock = DefaultClock::default();
        let limiter = RateLimiter::new(quota, Store(Arc::clone(&store.0)), clock.clone());
        Self { limiter, store, clock, sweep_at: AtomicUsize::new(SWEEP_AT) }
    }

    pub(super) fn take(&self, key: &K) -> Allowance {
        self.forget();
        match self.limiter.check_key(key) {
            Ok(state) => Allowance {
                remaining: state.remaining_burst_capacity(),
                retry_after: Duration::ZERO,
                granted: true,
            },
            Err(refused) => Allowance {
                remaining: 0,
                retry_after: refused.wait_time_from(self.clock.now()),
                granted: false,
            },
        }
    }

    fn forget(&self) {
        if self.limiter.len() > self.sweep_at.load(Ordering::Relaxed) {
            // Before it begins: the calls that come meanwhile must not all do the same.
            self.sweep_at.store(usize::MAX, Ordering::Relaxed);
            self.limiter.retain_recent();
            let next = self.limiter.len().saturating_mul(2).max(SWEEP_AT);
            self.sweep_at.store(next, Ordering::Relaxed);
        }
    }

    /// The state of a key is the time at which its burst is whole again.
    pub(super) fn give_back(&self, key: &K, time: Duration) {
        let earlier = |whole: Option<Nanos>| {
            whole.map(|whole| ((), whole.saturating_sub(time.into()))).ok_or(())
        };
        // An error means a key that has nothing to be given back.
        let _: Result<(), ()> = self.store.measure_and_replace(key, earlier);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_all_fresh_are_looked_at_seldom_and_old_ones_forgotten() {
        let local = Local::new(NonZeroU32::MIN, Duration::from_secs(3_600));
        for key in 0..=SWEEP_AT + 1 {
            local.take(&key);
        }
        assert!(
            local.sweep_at.load(Ordering::Relaxed) > 2 * SWEEP_AT,
            "not at the next call again"
        );
        let local = Local::new(NonZeroU32::MIN, Duration::from_micros(1));
        for key in 0..=SWEEP_AT + 1 {
            local.take(&key);
        }
        assert!(local.limiter.len() < SWEEP_AT, "{} are kept", local.limiter.len());
    }
}
