//! What people write first. Only the demo uses it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use error_handling::Problem;
use foundation::redis::{Redis, cmd};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A map with a time-to-live in each process: look, load, keep. Nobody is told of writes, and all
/// who miss load.
#[derive(Debug)]
pub(crate) struct TimedMap<V> {
    values: Mutex<HashMap<String, (Instant, V)>>,
    ttl: Duration,
}

impl<V: Clone> TimedMap<V> {
    pub(crate) fn new(ttl: Duration) -> Self {
        Self { values: Mutex::default(), ttl }
    }

    pub(crate) async fn get_or_load(
        &self,
        key: &str,
        load: impl Future<Output = Result<Option<V>, Problem>>,
    ) -> Result<Option<V>, Problem> {
        let known = self.values.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        if let Some((stored, value)) = known
            && stored.elapsed() < self.ttl
        {
            return Ok(Some(value));
        }
        let loaded = load.await?;
        if let Some(value) = &loaded {
            let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
            values.insert(key.to_owned(), (Instant::now(), value.clone()));
        }
        Ok(loaded)
    }
}

/// Cache-aside in Redis: GET, load, SET; a write does DEL. All replicas agree, and it looks
/// complete. But all who miss load, and a load that began before a write and stores after its DEL
/// leaves the old value there until it expires.
#[derive(Debug)]
pub(crate) struct CacheAside {
    redis: Redis,
    prefix: &'static str,
    ttl: Duration,
}

impl CacheAside {
    pub(crate) fn new(redis: &Redis, prefix: &'static str, ttl: Duration) -> Self {
        Self { redis: redis.clone(), prefix, ttl }
    }

    pub(crate) async fn get_or_load<V: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        load: impl Future<Output = Result<Option<V>, Problem>>,
    ) -> Result<Option<V>, Problem> {
        let mut get = cmd("GET");
        get.arg(self.name(key));
        let known: Option<String> = self.redis.query(&get).await.unwrap_or_default();
        if let Some(value) = known.and_then(|json| serde_json::from_str(&json).ok()) {
            return Ok(Some(value));
        }
        let loaded = load.await?;
        if let Some(json) = loaded.as_ref().and_then(|value| serde_json::to_string(value).ok()) {
            let milliseconds = u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX);
            let mut set = cmd("SET");
            set.arg(self.name(key)).arg(json).arg("PX").arg(milliseconds);
            let _ = self.redis.query::<String>(&set).await;
        }
        Ok(loaded)
    }

    pub(crate) async fn invalidate(&self, key: &str) {
        let mut delete = cmd("DEL");
        delete.arg(self.name(key));
        let _ = self.redis.query::<u64>(&delete).await;
    }

    fn name(&self, key: &str) -> String {
        self.redis.key(&format!("aside:{}:{key}", self.prefix))
    }
}
