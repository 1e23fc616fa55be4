//! Redis hangs, dies, comes back and forgets: reads stay right, and nothing stale is left.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::time::Duration;

use caching::{Cache, CacheSettings, Caches, Reach, SharedLevel};
use foundation::metrics::Metrics;
use foundation::testing::TestRedis;
use local_services::Signal;
use support::{PATIENT, Store, connect, lasting, on, tell, until};

/// As on a server that nobody configured.
const WAIT: Duration = Duration::from_millis(50);

/// What lives for a short time only while nobody can be told of writes.
fn settings() -> CacheSettings {
    CacheSettings { alone_ttl: Duration::from_millis(20), ..lasting("values") }
}

/// Two replicas, both of which have the value in process.
async fn warm(redis: &TestRedis, store: &Store, wait: Duration) -> [(Caches, Cache<u64>); 2] {
    let mut replicas = Vec::new();
    for _ in 0..2 {
        let caches = on(&redis.url(), "test:", wait).await;
        let cache = caches.cache::<u64>(settings());
        cache.get_or_load("answer", store.read()).await.unwrap();
        replicas.push((caches, cache));
    }
    replicas.try_into().unwrap()
}

/// Reads through each replica.
async fn read(replicas: &[(Caches, Cache<u64>); 2], store: &Store) -> Vec<u64> {
    let mut read = Vec::new();
    for (_, cache) in replicas {
        read.push(cache.get_or_load("answer", store.read()).await.unwrap().unwrap());
    }
    read
}

async fn until_both(replicas: &[(Caches, Cache<u64>); 2], level: SharedLevel) {
    for (caches, _) in replicas {
        until(caches, level).await;
    }
}

#[tokio::test]
async fn reads_and_writes_go_on_while_redis_hangs_and_nothing_is_stale_when_it_wakes() {
    let redis = TestRedis::start();
    let store = Store::default();
    let replicas = warm(&redis, &store, WAIT).await;
    redis.signal(Signal::Stop);

    let written = store.write();
    assert_eq!(replicas[0].1.invalidate("answer").await, Reach::HereOnly);
    let read_here = replicas[0].1.get_or_load("answer", store.read()).await.unwrap();
    assert_eq!(read_here, Some(written), "the replica that wrote knows at once");
    until_both(&replicas, SharedLevel::Lost).await;
    tokio::time::sleep(settings().alone_ttl).await;
    assert_eq!(read(&replicas, &store).await, [written; 2], "the other one after a short time");

    let written = store.write();
    assert_eq!(replicas[1].1.invalidate("answer").await, Reach::HereOnly);
    redis.signal(Signal::Continue);
    until_both(&replicas, SharedLevel::Up).await;
    assert_eq!(read(&replicas, &store).await, [written; 2], "Redis still held an older value");

    let written = store.write();
    tell(&replicas[0].1, "answer").await;
    assert_eq!(read(&replicas, &store).await, [written; 2], "and all is as before");
}

#[tokio::test]
async fn reads_and_writes_go_on_while_redis_is_dead_and_nothing_is_stale_when_it_is_back() {
    let mut redis = TestRedis::start();
    let store = Store::default();
    let replicas = warm(&redis, &store, PATIENT).await;
    redis.signal(Signal::Kill);
    until_both(&replicas, SharedLevel::Lost).await;

    for round in 0..4 {
        let written = store.write();
        assert_eq!(replicas[round % 2].1.invalidate("answer").await, Reach::HereOnly);
        tokio::time::sleep(settings().alone_ttl).await;
        assert_eq!(read(&replicas, &store).await, [written; 2], "round {round}");
    }
    redis.restart();
    until_both(&replicas, SharedLevel::Up).await;
    let loads = store.reads();
    assert_eq!(read(&replicas, &store).await, [4; 2]);
    assert_eq!(store.reads() - loads, 1, "what one loads the other finds again");
}

#[tokio::test]
async fn an_emptied_redis_is_filled_again_and_nothing_is_stale() {
    let redis = TestRedis::start();
    let store = Store::default();
    let replicas = warm(&redis, &store, PATIENT).await;
    redis.flush();
    for round in 0..4 {
        let written = store.write();
        assert_eq!(replicas[round % 2].1.invalidate("answer").await, Reach::Everywhere);
        assert_eq!(read(&replicas, &store).await, [written; 2], "round {round}");
    }
}

/// Nobody who is left knows of the write: only the interruption itself tells.
#[tokio::test]
async fn a_writer_that_died_during_the_interruption_leaves_nothing_stale() {
    let redis = TestRedis::start();
    let store = Store::default();
    let [(writer, cache), survivor] = warm(&redis, &store, WAIT).await;
    redis.signal(Signal::Stop);
    store.write();
    assert_eq!(cache.invalidate("answer").await, Reach::HereOnly);
    drop((writer, cache));
    until(&survivor.0, SharedLevel::Lost).await;
    redis.signal(Signal::Continue);
    until(&survivor.0, SharedLevel::Up).await;
    let read = survivor.1.get_or_load("answer", store.read()).await.unwrap();
    assert_eq!(read, Some(1));
}

/// No replica was there at all: what Redis kept is from another time.
#[tokio::test]
async fn replicas_that_start_after_a_time_without_any_do_not_trust_what_redis_kept() {
    let redis = TestRedis::start();
    let store = Store::default();
    drop(warm(&redis, &store, PATIENT).await);
    store.write();
    let url = redis.url();
    // The epoch ends two seconds after the last beat; leave it time on a busy machine.
    let plain = connect(&url, "test:", PATIENT).await;
    let epoch = async || {
        let mut exists = foundation::redis::cmd("EXISTS");
        exists.arg(plain.key_in("cache", "cache-epoch"));
        plain.query::<u64>(&exists).await.unwrap()
    };
    let ended = async {
        while epoch().await > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("nobody keeps it alive");
    let cache: Cache<u64> = on(&url, "test:", PATIENT).await.cache(settings());
    assert_eq!(cache.get_or_load("answer", store.read()).await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_server_starts_without_its_redis_and_finds_it_later() {
    let mut redis = TestRedis::start();
    let url = redis.url();
    redis.signal(Signal::Kill);
    let plain = connect(&url, "test:", WAIT).await;
    let caches = Caches::open(Some(&plain), WAIT, &Metrics::new().unwrap()).unwrap();
    let cache: Cache<u64> = caches.cache(settings());
    let store = Store::default();
    assert_eq!(cache.get_or_load("answer", store.read()).await.unwrap(), Some(0));
    assert_eq!(caches.shared_level(), SharedLevel::Lost);
    redis.restart();
    until(&caches, SharedLevel::Up).await;
    tell(&cache, "answer").await;
}
