//! The level in process: who loads, what is kept, and what a write makes of it.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use caching::{Cache, CacheSettings, Key, Reach};
use error_handling::{Cause, Problem};
use futures_util::future::{join, join_all};
use support::{Store, alone, lasting, overtaken};
use tokio::sync::oneshot;

#[tokio::test]
async fn a_value_is_loaded_once_and_then_served() {
    let cache: Cache<u64> = alone().cache(lasting("values"));
    let store = Store::default();
    for _ in 0..3 {
        assert_eq!(cache.get_or_load("answer", store.read()).await.unwrap(), Some(0));
    }
    assert_eq!(store.reads(), 1);
    let seen = cache.statistics().local;
    assert_eq!((seen.hits, seen.misses), (2, 1));
}

#[tokio::test]
async fn a_hundred_readers_who_miss_together_load_once() {
    let cache: Cache<u64> = alone().cache(lasting("values"));
    let loads = AtomicU64::new(0);
    let (open, opened) = oneshot::channel();
    let gate = tokio::sync::Mutex::new(Some(opened));
    let load = async || {
        loads.fetch_add(1, Ordering::SeqCst);
        let opened = gate.lock().await.take().expect("only one load asks for the gate");
        opened.await.unwrap();
        Ok(Some(42))
    };
    // Readers are polled in turn: the last one opens the gate, when all others have asked.
    let readers = join_all((0..100).map(|_| cache.get_or_load("answer", load())));
    let (values, ()) = join(readers, async { open.send(()).unwrap() }).await;
    assert!(values.into_iter().all(|value| value.unwrap() == Some(42)));
    assert_eq!(loads.load(Ordering::SeqCst), 1);
    let seen = cache.statistics().local;
    assert_eq!((seen.hits, seen.misses, seen.stampede_avoided), (0, 100, 99));
}

#[tokio::test]
async fn a_failed_load_is_shared_with_those_who_waited_and_kept_for_nobody() {
    let cache: Cache<u64> = alone().cache(lasting("values"));
    let loads = AtomicU64::new(0);
    let load = async || {
        loads.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        Err(Problem::internal(Cause::new("store down")))
    };
    let readers = join_all((0..10).map(|_| cache.get_or_load("answer", load()))).await;
    assert!(readers.into_iter().all(|value| value.unwrap_err().kind().status() == 500));
    assert_eq!(loads.load(Ordering::SeqCst), 1, "the store was asked once");
    let value = cache.get_or_load("answer", async { Ok(Some(7)) }).await;
    assert_eq!(value.unwrap(), Some(7), "the next reader asks again");
}

#[tokio::test]
async fn a_reader_who_hangs_up_hands_the_load_to_one_who_waits() {
    let cache: Cache<u64> = alone().cache(lasting("values"));
    let never = cache.get_or_load("answer", std::future::pending());
    let hangs_up = tokio::time::timeout(Duration::from_millis(30), never);
    let waits = cache.get_or_load("answer", async { Ok(Some(7)) });
    let (gone, value) = join(hangs_up, waits).await;
    assert!(gone.is_err(), "the first reader left without a value");
    assert_eq!(value.unwrap(), Some(7));
}

#[tokio::test]
async fn absence_is_kept_too_and_for_a_time_of_its_own() {
    let settings = CacheSettings { negative_ttl: Duration::from_millis(20), ..lasting("values") };
    let cache: Cache<u64> = alone().cache(settings);
    let loads = AtomicU64::new(0);
    let read = async |key: &str, value: Option<u64>| {
        let load = async {
            loads.fetch_add(1, Ordering::SeqCst);
            Ok(value)
        };
        cache.get_or_load(key, load).await.unwrap()
    };
    assert_eq!(read("there", Some(1)).await, Some(1));
    assert_eq!(read("not there", None).await, None);
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(read("there", Some(2)).await, Some(1), "a value lasts");
    assert_eq!(read("not there", Some(2)).await, Some(2), "absence has ended");
    assert_eq!(loads.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn absence_is_not_kept_where_its_time_is_zero() {
    let settings = CacheSettings { negative_ttl: Duration::ZERO, ..lasting("values") };
    let cache: Cache<u64> = alone().cache(settings);
    assert_eq!(cache.get_or_load("soon", async { Ok(None) }).await.unwrap(), None);
    assert_eq!(cache.get_or_load("soon", async { Ok(Some(1)) }).await.unwrap(), Some(1));
}

#[tokio::test]
async fn what_nobody_could_tell_of_is_kept_for_a_short_time_only() {
    let settings = CacheSettings { alone_ttl: Duration::from_millis(20), ..lasting("values") };
    let cache: Cache<u64> = alone().cache(settings);
    let store = Store::default();
    cache.get_or_load("answer", store.read()).await.unwrap();
    let written = store.write(); // On a replica that this one does not hear of.
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(cache.get_or_load("answer", store.read()).await.unwrap(), Some(written));
}

#[tokio::test]
async fn a_load_that_began_before_a_write_is_not_kept() {
    let cache: Cache<u64> = alone().cache(lasting("values"));
    let store = Store::default();
    let write = async {
        store.write();
        assert_eq!(cache.invalidate("answer").await, Reach::HereOnly);
    };
    let (old, ()) = overtaken(&cache, "answer", &store, write).await;
    assert_eq!(old, Some(0), "who asked before the write may see what was before");
    assert_eq!(cache.get_or_load("answer", store.read()).await.unwrap(), Some(1));
    assert_eq!(cache.statistics().local.stale_refused, 1);
}

#[tokio::test]
async fn a_reader_who_comes_after_a_write_does_not_join_a_load_from_before_it() {
    let cache: Cache<u64> = alone().cache(lasting("values"));
    let store = Store::default();
    let write_and_read = async {
        store.write();
        cache.invalidate("answer").await;
        // The slow load is still under way, and would hand out what was before.
        let new = cache.get_or_load("answer", store.read());
        let new = tokio::time::timeout(Duration::from_secs(10), new).await;
        new.expect("it loads instead of waiting for the slow load").unwrap()
    };
    let (_, new) = overtaken(&cache, "answer", &store, write_and_read).await;
    assert_eq!(new, Some(1));
    let kept = cache.get_or_load("answer", store.read()).await.unwrap();
    assert_eq!((kept, store.reads()), (Some(1), 2), "the slow load has not replaced it");
}

#[tokio::test]
async fn a_group_is_forgotten_whole_and_alone() {
    let cache: Cache<u64> = alone().cache(lasting("pages"));
    let store = Store::default();
    let read_all = async || {
        let mut values = Vec::new();
        for (user, page) in [("ada", "1"), ("ada", "2"), ("grace", "1")] {
            let key = Key::in_group(user, page);
            values.push(cache.get_or_load(&key, store.read()).await.unwrap().unwrap());
        }
        values
    };
    assert_eq!(read_all().await, [0, 0, 0]);
    store.write();
    cache.invalidate_group("ada").await;
    assert_eq!(read_all().await, [1, 1, 0]);
    store.write();
    cache.invalidate(Key::in_group("ada", "2")).await;
    assert_eq!(read_all().await, [1, 2, 0]);
}

#[tokio::test]
async fn a_cache_never_holds_more_than_its_capacity() {
    let caches = alone();
    let cache: Cache<u64> = caches.cache(CacheSettings { capacity: 50, ..lasting("small") });
    let store = Store::default();
    for round in 0..2 {
        for n in 0..1_000 {
            cache.get_or_load(&n.to_string(), store.read()).await.unwrap();
        }
        // moka tidies up in steps of some dozen entries.
        assert!(store.reads() >= (round + 1) * 800, "{} reads", store.reads());
    }
    let nothing: Cache<u64> = caches.cache(CacheSettings { capacity: 0, ..lasting("nothing") });
    let before = store.reads();
    for _ in 0..3 {
        nothing.get_or_load("answer", store.read()).await.unwrap();
    }
    assert_eq!(store.reads() - before, 3);
}
