//! All caches of one server.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use foundation::metrics::Metrics;
use foundation::module::{StartFailure, Starting};
use foundation::redis::Redis;
use serde::Serialize;
use utoipa::ToSchema;

use crate::cache::{Cache, Value};
use crate::counts::{CacheStatistics, Counters, CountersByCache};
use crate::peers::Peers;
use crate::pulse::Pulse;
use crate::settings::CacheSettings;
use crate::shared::Shared;

/// Where a server gets its caches from; cheap to clone.
#[derive(Clone, Debug)]
pub struct Caches(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    counters: CountersByCache,
    /// The caches made so far. A mutex: locked at start and when somebody asks for statistics.
    made: Mutex<Vec<(&'static str, Counters)>>,
    shared: Option<(Arc<Peers>, Arc<Pulse>)>,
}

/// How the shared level is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SharedLevel {
    /// No Redis is configured: values live in process, and not for long.
    None,
    /// Redis answers, and this server and the others hear of each other's writes.
    Up,
    /// It does not: values live in process, and not for long, until it does again.
    Lost,
}

impl Caches {
    /// The caches of a server that starts, once however many modules ask.
    ///
    /// # Errors
    /// When the metrics are taken or a thread cannot be started.
    pub fn start(starting: &mut Starting<'_>) -> Result<Self, StartFailure> {
        starting.once(|starting| {
            Self::open(starting.redis, starting.config.redis.redis_wait, starting.metrics)
        })
    }

    /// Caches on this Redis, or without one in process only. A call of Redis and the confirmations
    /// of other replicas together take at most `wait`, which is that of `redis`.
    ///
    /// # Errors
    /// As [`Caches::start`].
    pub fn open(
        redis: Option<&Redis>,
        wait: Duration,
        metrics: &Metrics,
    ) -> Result<Self, StartFailure> {
        let counters = CountersByCache::register(metrics)?;
        let shared = match redis {
            Some(redis) => {
                let peers = Arc::new(Peers::new(redis.clone(), wait));
                let pulse = Pulse::start(Arc::clone(&peers))?;
                Some((peers, Arc::new(pulse)))
            }
            None => None,
        };
        Ok(Self(Arc::new(Inner { counters, made: Mutex::default(), shared })))
    }

    /// Makes a cache. Call it once for each name and clone the result.
    #[must_use]
    pub fn cache<V: Value>(&self, settings: CacheSettings) -> Cache<V> {
        let counters = self.0.counters.of(settings.name);
        let mut made = self.0.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.iter().all(|(name, _)| *name != settings.name) {
            made.push((settings.name, counters.clone()));
        }
        match &self.0.shared {
            Some((peers, pulse)) => {
                let (peers, pulse) = (Arc::clone(peers), Arc::clone(pulse));
                let writes = peers.writes_of(settings.name);
                let shared = Shared::new(peers, pulse, settings, counters.clone());
                Cache::new(settings, writes, Some(shared), counters)
            }
            None => Cache::new(settings, Arc::default(), None, counters),
        }
    }

    /// How the shared level is now.
    #[must_use]
    pub fn shared_level(&self) -> SharedLevel {
        match &self.0.shared {
            None => SharedLevel::None,
            Some((peers, _)) if peers.is_whole() => SharedLevel::Up,
            Some(_) => SharedLevel::Lost,
        }
    }

    /// What each cache has counted on this server, by name.
    #[must_use]
    pub fn statistics(&self) -> Vec<CacheStatistics> {
        let made = self.0.made.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> =
            made.iter().map(|(name, counters)| counters.statistics(name)).collect();
        all.sort_by_key(|statistics| statistics.name);
        all
    }
}
