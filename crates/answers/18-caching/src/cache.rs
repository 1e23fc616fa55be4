//! One cache, as the crates that use it see it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use error_handling::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::counts::{CacheStatistics, Counters};
use crate::flights::{Flights, Loaded, Turn};
use crate::key::Key;
use crate::local::Local;
use crate::peers::Reach;
use crate::settings::CacheSettings;
use crate::shared::{Lease, Look, Shared};
use crate::writes::{Token, Writes};

/// What a cache may hold: it is copied to readers and written as JSON for other replicas. Wrap what
/// is large in an `Arc`.
pub trait Value: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> Value for T {}

/// Values by key, kept in process and in Redis; cheap to clone.
pub struct Cache<V>(Arc<Inner<V>>);

struct Inner<V> {
    settings: CacheSettings,
    writes: Arc<Writes>,
    local: Local<V>,
    flights: Flights<V>,
    shared: Option<Shared>,
    counters: Counters,
}

impl<V> Clone for Cache<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V> fmt::Debug for Cache<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

impl<V: Value> Cache<V> {
    pub(crate) fn new(
        settings: CacheSettings,
        writes: Arc<Writes>,
        shared: Option<Shared>,
        counters: Counters,
    ) -> Self {
        let longest = settings.ttl.max(settings.negative_ttl);
        let local = Local::new(settings.capacity, longest);
        let flights = Flights::default();
        Self(Arc::new(Inner { settings, writes, local, flights, shared, counters }))
    }

    /// The value of this key, `None` where the store has none; from the nearest level that has it,
    /// else from `load`, which is polled by one reader of many, on one replica of many.
    ///
    /// What it returns is never older than a write whose [`Cache::invalidate`] had returned
    /// [`Reach::Everywhere`] before. A Redis that does not answer adds its `wait` once, until its
    /// breaker opens, and no failure; another replica that is loading adds at most its
    /// [`CacheSettings::patience`].
    ///
    /// # Errors
    /// Those of `load`; shared with the readers who waited for it, never kept.
    pub async fn get_or_load<F>(&self, key: impl Into<Key>, load: F) -> Result<Option<V>, Problem>
    where
        F: Future<Output = Result<Option<V>, Problem>>,
    {
        let inner = &*self.0;
        let key = key.into();
        let counters = &inner.counters.local;
        loop {
            let token = inner.writes.token(&key);
            if let Some(value) = inner.find(&key, token) {
                counters.hits.inc();
                return Ok(value);
            }
            match inner.flights.join(key.text().to_owned(), token) {
                Turn::Lead(lead) => {
                    let loaded = inner.lead(&key, token, load).await;
                    lead.land(loaded.clone());
                    return loaded;
                }
                Turn::Follow(flight) => {
                    if let Some(loaded) = flight.result().await {
                        counters.misses.inc();
                        counters.stampede_avoided.inc();
                        return loaded;
                    }
                }
            }
        }
    }

    /// Forgets the value of a key: call it after the write was committed. Loads that began before
    /// are not kept, here or on any replica.
    pub async fn invalidate(&self, key: impl Into<Key>) -> Reach {
        let key = key.into();
        let inner = &*self.0;
        inner.writes.wrote_key(key.text());
        let Some(shared) = &inner.shared else { return Reach::HereOnly };
        let reach = shared.forget(&key).await;
        // Again, as a reader may have taken the old value from Redis since.
        inner.writes.wrote_key(key.text());
        reach
    }

    /// Forgets all values of a group, however many there are; otherwise as [`Cache::invalidate`].
    pub async fn invalidate_group(&self, group: &str) -> Reach {
        let inner = &*self.0;
        inner.writes.wrote_group(group);
        let Some(shared) = &inner.shared else { return Reach::HereOnly };
        let reach = shared.forget_group(group).await;
        inner.writes.wrote_group(group);
        reach
    }

    /// What this cache has counted on this server.
    #[must_use]
    pub fn statistics(&self) -> CacheStatistics {
        self.0.counters.statistics(self.0.settings.name)
    }
}

impl<V: Value> Inner<V> {
    fn find(&self, key: &Key, token: Token) -> Option<Option<V>> {
        let hears = self.shared.as_ref().is_some_and(|shared| shared.peers().hears());
        let oldest = if hears { Duration::MAX } else { self.settings.alone_ttl };
        self.local.get(key.text(), token, oldest)
    }

    /// What the reader does who leads. It looks once more first: a flight may have landed between
    /// its first look and its turn.
    async fn lead<F>(&self, key: &Key, token: Token, load: F) -> Loaded<V>
    where
        F: Future<Output = Loaded<V>>,
    {
        if let Some(value) = self.find(key, token) {
            self.counters.local.hits.inc();
            return Ok(value);
        }
        self.counters.local.misses.inc();
        let lease = match &self.shared {
            Some(shared) => match shared.look(key).await {
                Look::Hit(value, left) => {
                    self.local.put(key.text().to_owned(), token, value.clone(), left);
                    return Ok(value);
                }
                Look::Lease(lease) => Some((shared, lease)),
                Look::Away => None,
            },
            None => None,
        };
        self.counters.loads.inc();
        let loaded = load.await;
        self.keep(key, token, &loaded, lease).await;
        loaded
    }

    /// Keeps what was loaded in both levels, unless it was written meanwhile. A lease that is not
    /// used goes back by itself.
    async fn keep(
        &self,
        key: &Key,
        token: Token,
        loaded: &Loaded<V>,
        lease: Option<(&Shared, Lease)>,
    ) {
        let Ok(value) = loaded else { return };
        let lifetime = self.settings.lifetime(value.is_some());
        if lifetime.is_zero() {
            return;
        }
        if let Some((shared, lease)) = lease
            && !shared.fill(key, lease, value, lifetime).await
        {
            self.counters.shared.stale_refused.inc();
            return;
        }
        if self.writes.token(key) == token {
            self.local.put(key.text().to_owned(), token, value.clone(), lifetime);
        } else {
            self.counters.local.stale_refused.inc();
        }
    }
}
