//! A limit kept in this process.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::{DashMapStateStore, ShrinkableKeyedStateStore};
use governor::{Quota, RateLimiter};

use super::Allowance;

/// Keys remembered before those that are no longer limited are forgotten.
const SWEEP_AT: usize = 50_000;

pub(super) struct Local<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, Store<K>, DefaultClock, StateInformationMiddleware>,
    store: Store<K>,
    clock: DefaultClock,
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
        Self { limiter, store, clock }
    }

    pub(super) fn take(&self, key: &K) -> Allowance {
        if self.limiter.len() > SWEEP_AT {
            self.limiter.retain_recent();
        }
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

    /// The state of a key is the time at which its burst is whole again.
    pub(super) fn give_back(&self, key: &K, time: Duration) {
        let earlier = |whole: Option<Nanos>| {
            whole.map(|whole| ((), whole.saturating_sub(time.into()))).ok_or(())
        };
        // An error means a key that has nothing to be given back.
        let _: Result<(), ()> = self.store.measure_and_replace(key, earlier);
    }
}
