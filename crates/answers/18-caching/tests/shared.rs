//! Two replicas and one Redis: who loads, who waits, and how long it is kept.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::time::Duration;

use caching::{Cache, CacheSettings, Key, Reach};
use error_handling::{Cause, Problem};
use foundation::redis::{Redis, cmd};
use foundation::testing::shared_redis;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use support::{PATIENT, Store, both, connect, lasting, on, replicas};

#[tokio::test]
async fn what_one_replica_loaded_the_other_finds() {
    let [one, other] = both(lasting("values")).await;
    let store = Store::default();
    assert_eq!(one.get_or_load("answer", store.read()).await.unwrap(), Some(0));
    assert_eq!(other.get_or_load("answer", store.read()).await.unwrap(), Some(0));
    assert_eq!(other.get_or_load("answer", store.read()).await.unwrap(), Some(0));
    assert_eq!(store.reads(), 1);
    let seen = other.statistics();
    assert_eq!((seen.shared.hits, seen.local.hits, seen.round_trips), (1, 1, 1));
}

#[tokio::test]
async fn absence_is_shared_as_well() {
    let [one, other] = both(lasting("values")).await;
    assert_eq!(one.get_or_load("nobody", async { Ok(None) }).await.unwrap(), None);
    let store = Store::default();
    assert_eq!(other.get_or_load("nobody", store.read()).await.unwrap(), None);
    store.write();
    assert_eq!(one.invalidate("nobody").await, Reach::Everywhere);
    assert_eq!(other.get_or_load("nobody", store.read()).await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_hundred_readers_on_two_replicas_load_once() {
    let caches = both(lasting("values")).await;
    let store = Store::default();
    let load = async || {
        // Long enough for every reader to ask, and for the other replica to find the lease.
        tokio::time::sleep(Duration::from_millis(100)).await;
        store.read().await
    };
    let readers = (0..100).map(|n| caches[n % 2].get_or_load("answer", load()));
    let values = join_all(readers).await;
    assert!(values.into_iter().all(|value| value.unwrap() == Some(0)));
    assert_eq!(store.reads(), 1);
    let avoided = caches.each_ref().map(|cache| cache.statistics().shared.stampede_avoided);
    assert_eq!(avoided.iter().sum::<u64>(), 1, "one replica waited for the other");
}

#[tokio::test]
async fn a_failed_load_gives_its_lease_back() {
    let [one, other] = both(lasting("values")).await;
    let failed = one.get_or_load("answer", async { Err(Problem::internal(Cause::new("down"))) });
    failed.await.unwrap_err();
    let store = Store::default();
    // The patience of this cache is ten seconds, which a lease that is still out would take.
    let read = other.get_or_load("answer", store.read());
    assert_eq!(read.await.unwrap(), Some(0));
    assert_eq!(other.statistics().shared.stale_refused, 0, "and it could fill");
    assert_eq!(one.get_or_load("answer", store.read()).await.unwrap(), Some(0));
    assert_eq!(store.reads(), 1);
}

#[tokio::test]
async fn a_reader_who_hangs_up_gives_its_lease_back() {
    let [one, other] = both(lasting("values")).await;
    let hangs_up = one.get_or_load("answer", std::future::pending());
    tokio::time::timeout(Duration::from_millis(200), hangs_up).await.unwrap_err();
    let store = Store::default();
    // With the lease still out, the other replica would wait for its patience, and keep nothing.
    assert_eq!(other.get_or_load("answer", store.read()).await.unwrap(), Some(0));
    assert_eq!(one.get_or_load("answer", store.read()).await.unwrap(), Some(0));
    assert_eq!(store.reads(), 1, "the second load was shared");
}

#[tokio::test]
async fn who_waits_for_a_replica_that_died_loads_itself() {
    let settings = CacheSettings { patience: Duration::from_millis(30), ..lasting("values") };
    let [one, other] = both(settings).await;
    // Neither polled again nor dropped: to the others it looks like a process that is gone.
    let mut dies = Box::pin(one.get_or_load("answer", std::future::pending()));
    tokio::time::timeout(Duration::from_millis(200), &mut dies).await.unwrap_err();
    let store = Store::default();
    assert_eq!(other.get_or_load("answer", store.read()).await.unwrap(), Some(0));
    assert_eq!(other.get_or_load("answer", store.read()).await.unwrap(), Some(0));
    assert_eq!(store.reads(), 1, "and keeps it here");
}

#[tokio::test]
async fn a_load_that_outlives_its_lease_is_not_shared() {
    let settings = CacheSettings { lease: Duration::from_millis(20), ..lasting("values") };
    let [one, _] = both(settings).await;
    let slow = one.get_or_load("answer", async {
        tokio::time::sleep(Duration::from_millis(60)).await;
        Ok(Some(1))
    });
    assert_eq!(slow.await.unwrap(), Some(1));
    assert_eq!(one.statistics().shared.stale_refused, 1);
}

#[tokio::test]
async fn a_copy_in_process_ends_with_what_it_was_copied_from() {
    let ttl = Duration::from_millis(300);
    let [one, other] = both(CacheSettings { ttl, jitter: 0.0, ..lasting("values") }).await;
    let store = Store::default();
    one.get_or_load("answer", store.read()).await.unwrap();
    store.write();
    tokio::time::sleep(ttl / 2).await;
    other.get_or_load("answer", store.read()).await.unwrap();
    // The copy is half as old as its ttl, but the value was loaded longer ago than that.
    tokio::time::sleep(ttl / 2 + Duration::from_millis(20)).await;
    assert_eq!(other.get_or_load("answer", store.read()).await.unwrap(), Some(1));
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Renamed {
    title: String,
}

#[tokio::test]
async fn what_another_version_of_the_program_stored_is_loaded_anew() {
    let [one, other] = replicas().await;
    let old: Cache<u64> = one.cache(lasting("values"));
    let new: Cache<Renamed> = other.cache(lasting("values"));
    old.get_or_load("answer", async { Ok(Some(7)) }).await.unwrap();
    let value = Renamed { title: "seven".to_owned() };
    let read = new.get_or_load("answer", async { Ok(Some(value.clone())) }).await.unwrap();
    assert_eq!(read, Some(value));
}

#[tokio::test]
async fn caches_of_other_names_and_prefixes_share_nothing() {
    let [one, other] = replicas().await;
    let caches: [Cache<u64>; 2] = [one.cache(lasting("this")), other.cache(lasting("that"))];
    let [stranger, _] = both(lasting("this")).await;
    for (value, cache) in caches.iter().chain([&stranger]).enumerate() {
        let value = u64::try_from(value).unwrap();
        let read = cache.get_or_load("answer", async { Ok(Some(value)) }).await.unwrap();
        assert_eq!(read, Some(value));
    }
    caches[0].invalidate("answer").await;
    let read = caches[1].get_or_load("answer", async { Ok(Some(9)) }).await.unwrap();
    assert_eq!(read, Some(1), "another cache has not forgotten");
}

#[tokio::test]
async fn everything_in_redis_ends_by_itself() {
    let (url, prefix) = shared_redis().expect("Redis is installed");
    let cache: Cache<u64> = on(&url, &prefix, PATIENT).await.cache(lasting("values"));
    for key in [Key::new("value"), Key::in_group("ada", "page")] {
        cache.get_or_load(&key, async { Ok(Some(1)) }).await.unwrap();
    }
    cache.invalidate_group("grace").await;
    let redis: Redis = connect(&url, &prefix, PATIENT).await;
    let mut keys = cmd("KEYS");
    // In a cluster the prefix stands in a hash tag.
    keys.arg(format!("*{prefix}*"));
    let keys: Vec<String> = redis.query(&keys).await.unwrap();
    assert_eq!(keys.len(), 6, "two values, three groups and the epoch: {keys:?}");
    for key in keys {
        let mut left = cmd("PTTL");
        left.arg(&key);
        let left: i64 = redis.query(&left).await.unwrap();
        assert!(left > 0, "{key} would stay for ever: {left}");
    }
}
