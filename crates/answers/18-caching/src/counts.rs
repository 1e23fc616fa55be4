//! What each cache counts, for `/metrics` and for the statistics of the API.

use foundation::metrics::Metrics;
use prometheus::{IntCounter, IntCounterVec, Opts};
use serde::Serialize;
use utoipa::ToSchema;

/// The counters of all caches, by their names.
#[derive(Clone, Debug)]
pub(crate) struct CountersByCache {
    hits: IntCounterVec,
    misses: IntCounterVec,
    stampede_avoided: IntCounterVec,
    stale_refused: IntCounterVec,
    loads: IntCounterVec,
    round_trips: IntCounterVec,
}

/// The counters of one cache.
#[derive(Clone, Debug)]
pub(crate) struct Counters {
    pub(crate) local: LevelCounters,
    pub(crate) shared: LevelCounters,
    /// Loads from the store that were begun.
    pub(crate) loads: IntCounter,
    /// Calls of Redis that reads and their fills made.
    pub(crate) round_trips: IntCounter,
}

/// The counters of one level of a cache.
#[derive(Clone, Debug)]
pub(crate) struct LevelCounters {
    pub(crate) hits: IntCounter,
    pub(crate) misses: IntCounter,
    pub(crate) stampede_avoided: IntCounter,
    pub(crate) stale_refused: IntCounter,
}

impl CountersByCache {
    /// Registers them once for a server.
    pub(crate) fn register(metrics: &Metrics) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            metrics.register(counter.clone())?;
            Ok::<_, prometheus::Error>(counter)
        };
        let by_level = ["cache", "level"];
        Ok(Self {
            hits: counter("cache_hits_total", "Reads answered by this level", &by_level)?,
            misses: counter("cache_misses_total", "Reads it could not answer", &by_level)?,
            stampede_avoided: counter(
                "cache_stampede_avoided_total",
                "Reads answered by the load of another, in this process or on another replica",
                &by_level,
            )?,
            stale_refused: counter(
                "cache_stale_refused_total",
                "Loads not kept, as a write came between or the load took too long",
                &by_level,
            )?,
            loads: counter("cache_loads_total", "Loads from the store", &["cache"])?,
            round_trips: counter(
                "cache_round_trips_total",
                "Calls of Redis for reads and fills",
                &["cache"],
            )?,
        })
    }

    /// Those of one cache; they show as 0 from now on.
    pub(crate) fn of(&self, cache: &str) -> Counters {
        let level = |level: &str| {
            let labels = [cache, level];
            LevelCounters {
                hits: self.hits.with_label_values(&labels),
                misses: self.misses.with_label_values(&labels),
                stampede_avoided: self.stampede_avoided.with_label_values(&labels),
                stale_refused: self.stale_refused.with_label_values(&labels),
            }
        };
        Counters {
            local: level("local"),
            shared: level("shared"),
            loads: self.loads.with_label_values(&[cache]),
            round_trips: self.round_trips.with_label_values(&[cache]),
        }
    }
}

impl Counters {
    /// What was counted so far.
    pub(crate) fn statistics(&self, name: &'static str) -> CacheStatistics {
        CacheStatistics {
            name,
            local: self.local.statistics(),
            shared: self.shared.statistics(),
            loads: self.loads.get(),
            round_trips: self.round_trips.get(),
        }
    }
}

impl LevelCounters {
    fn statistics(&self) -> LevelStatistics {
        LevelStatistics {
            hits: self.hits.get(),
            misses: self.misses.get(),
            stampede_avoided: self.stampede_avoided.get(),
            stale_refused: self.stale_refused.get(),
        }
    }
}

/// What one cache has done on this server since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct CacheStatistics {
    /// Name of the cache.
    #[schema(example = "todo-lists")]
    pub name: &'static str,
    /// The level in process.
    pub local: LevelStatistics,
    /// The level in Redis.
    pub shared: LevelStatistics,
    /// Loads from the store.
    #[schema(example = 12)]
    pub loads: u64,
    /// Calls of Redis for reads and fills.
    #[schema(example = 31)]
    pub round_trips: u64,
}

/// What one level of a cache has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CacheLevelStatistics)]
pub struct LevelStatistics {
    /// Reads that it answered.
    #[schema(example = 4711)]
    pub hits: u64,
    /// Reads that it was asked and could not answer.
    #[schema(example = 19)]
    pub misses: u64,
    /// Reads answered by a load that another reader, or another replica, had begun.
    #[schema(example = 7)]
    pub stampede_avoided: u64,
    /// Loads that it did not keep, as a write came between.
    #[schema(example = 1)]
    pub stale_refused: u64,
}
