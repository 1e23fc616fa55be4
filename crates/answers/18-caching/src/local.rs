//! The level in process: no round trip, and gone with the process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::writes::Token;

/// Values of one cache in this process.
///
/// moka, for its bound and its eviction by frequency and age (TinyLFU), which keeps a scan over
/// many keys from pushing out the hot ones. Whether a value still counts is decided here.
pub(crate) struct Local<V> {
    /// None where the capacity is 0.
    entries: Option<moka::sync::Cache<String, Arc<Entry<V>>>>,
}

/// A value, or that there is none, with what decides whether it still counts.
struct Entry<V> {
    value: Option<V>,
    token: Token,
    stored: Instant,
    lifetime: Duration,
}

impl<V: Clone + Send + Sync + 'static> Local<V> {
    /// `longest` is the longest lifetime of any value, after which memory is freed.
    pub(crate) fn new(capacity: u64, longest: Duration) -> Self {
        let build =
            || moka::sync::Cache::builder().max_capacity(capacity).time_to_live(longest).build();
        Self { entries: (capacity > 0).then(build) }
    }

    /// The value, if it is no older than `oldest` and nothing was written since: `token` is that of
    /// the key now. The outer `None` is a miss, the inner one "there is no such thing".
    pub(crate) fn get(&self, key: &str, token: Token, oldest: Duration) -> Option<Option<V>> {
        let entry = self.entries.as_ref()?.get(key)?;
        let counts = entry.token == token && entry.stored.elapsed() < entry.lifetime.min(oldest);
        counts.then(|| entry.value.clone())
    }

    /// Keeps what was loaded or found under `token`.
    pub(crate) fn put(&self, key: String, token: Token, value: Option<V>, lifetime: Duration) {
        if let Some(entries) = &self.entries {
            let stored = Instant::now();
            entries.insert(key, Arc::new(Entry { value, token, stored, lifetime }));
        }
    }
}
