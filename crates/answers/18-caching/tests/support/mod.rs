//! Replicas for tests: caches that share a Redis.

#![allow(dead_code)] // Each test binary uses its own part.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use caching::{Cache, CacheSettings, Caches, Key, Reach, SharedLevel};
use error_handling::Problem;
use foundation::metrics::Metrics;
use foundation::redis::Redis;
use foundation::testing::shared_redis;
use futures_util::future::join;
use secrecy::SecretString;
use tokio::sync::oneshot;

/// No answer of a healthy Redis is given up on, however busy the machine.
pub(crate) const PATIENT: Duration = Duration::from_secs(10);

/// Settings under which nothing ends while a test runs.
pub(crate) fn lasting(name: &'static str) -> CacheSettings {
    let long = Duration::from_secs(600);
    CacheSettings {
        ttl: long,
        negative_ttl: long,
        alone_ttl: long,
        lease: long,
        patience: PATIENT,
        ..CacheSettings::new(name)
    }
}

/// Caches without Redis.
pub(crate) fn alone() -> Caches {
    Caches::open(None, Duration::ZERO, &Metrics::new().unwrap()).unwrap()
}

/// A way to this Redis.
pub(crate) async fn connect(url: &SecretString, prefix: &str, wait: Duration) -> Redis {
    let redis = Redis::open(url, prefix, wait, &Metrics::new().unwrap()).unwrap();
    redis.settled().await;
    redis
}

/// Two replicas with keys of their own in the Redis of all tests.
pub(crate) async fn replicas() -> [Caches; 2] {
    let (url, prefix) = shared_redis().expect("Redis is installed");
    [on(&url, &prefix, PATIENT).await, on(&url, &prefix, PATIENT).await]
}

/// The same cache on two replicas.
pub(crate) async fn both(settings: CacheSettings) -> [Cache<u64>; 2] {
    replicas().await.map(|caches| caches.cache(settings))
}

/// A replica on this Redis, which hears of the others.
pub(crate) async fn on(url: &SecretString, prefix: &str, wait: Duration) -> Caches {
    let redis = connect(url, prefix, wait).await;
    let caches = Caches::open(Some(&redis), wait, &Metrics::new().unwrap()).unwrap();
    until(&caches, SharedLevel::Up).await;
    caches
}

/// Waits until the shared level is so.
pub(crate) async fn until(caches: &Caches, level: SharedLevel) {
    let reached = async {
        while caches.shared_level() != level {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(30), reached).await;
    reached.unwrap_or_else(|_| panic!("the shared level did not become {level:?}"));
}

/// Tells of a write until every replica has confirmed; the wait of a real server may be too short
/// for a busy machine.
pub(crate) async fn tell(cache: &Cache<u64>, key: &str) {
    let told = async { while cache.invalidate(key).await != Reach::Everywhere {} };
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("all replicas hear of it");
}

/// Loads through the cache, and lets `meanwhile` happen between the load's read of the store and its
/// end. Returns what each of the two gave.
pub(crate) async fn overtaken<T>(
    cache: &Cache<u64>,
    key: impl Into<Key>,
    store: &Store,
    meanwhile: impl Future<Output = T>,
) -> (Option<u64>, T) {
    let ((began, begun), (go_on, gate)) = (oneshot::channel(), oneshot::channel::<()>());
    let load = cache.get_or_load(key, async {
        let old = store.read().await;
        began.send(()).unwrap();
        gate.await.unwrap();
        old
    });
    let meanwhile = async {
        begun.await.unwrap();
        let outcome = meanwhile.await;
        go_on.send(()).unwrap();
        outcome
    };
    let (loaded, outcome) = join(load, meanwhile).await;
    (loaded.unwrap(), outcome)
}

/// A store of one number, which counts how often it is read.
#[derive(Default)]
pub(crate) struct Store {
    number: AtomicU64,
    reads: AtomicU64,
}

impl Store {
    pub(crate) async fn read(&self) -> Result<Option<u64>, Problem> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        Ok(Some(self.number.load(Ordering::SeqCst)))
    }

    pub(crate) fn write(&self) -> u64 {
        self.number.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::SeqCst)
    }
}
