//! Two replicas, one Redis and a write: who hears of it, and what is kept nowhere.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use caching::{Cache, CacheSettings, Key, Reach, write_then_forget};
use diesel::PgConnection;
use foundation::testing::{TestApp, TestRedis};
use support::{PATIENT, Store, both, lasting, on, overtaken};
use tokio::sync::oneshot;

#[tokio::test]
async fn once_a_write_is_told_no_replica_serves_what_was_before() {
    let caches = both(lasting("values")).await;
    let store = Store::default();
    for round in 0..100 {
        for cache in &caches {
            cache.get_or_load("answer", store.read()).await.unwrap();
        }
        let written = store.write();
        assert_eq!(caches[round % 2].invalidate("answer").await, Reach::Everywhere);
        for cache in &caches {
            let read = cache.get_or_load("answer", store.read()).await.unwrap();
            assert_eq!(read, Some(written), "round {round}");
        }
    }
}

#[tokio::test]
async fn a_load_that_began_before_a_write_elsewhere_is_kept_nowhere() {
    for capacity in [10, 0] {
        let [one, other] = both(CacheSettings { capacity, ..lasting("values") }).await;
        let store = Store::default();
        let write = async {
            store.write();
            assert_eq!(other.invalidate("answer").await, Reach::Everywhere);
        };
        overtaken(&one, "answer", &store, write).await;
        for cache in [&one, &other] {
            let read = cache.get_or_load("answer", store.read()).await.unwrap();
            assert_eq!(read, Some(1), "capacity {capacity}");
        }
        assert_eq!(one.statistics().shared.stale_refused, 1, "capacity {capacity}");
    }
}

#[tokio::test]
async fn a_load_under_way_while_its_group_is_forgotten_is_kept_nowhere() {
    let [one, other] = both(lasting("pages")).await;
    let store = Store::default();
    let key = Key::in_group("ada", "first page");
    let write = async {
        store.write();
        assert_eq!(other.invalidate_group("ada").await, Reach::Everywhere);
    };
    overtaken(&one, &key, &store, write).await;
    for cache in [&one, &other] {
        assert_eq!(cache.get_or_load(&key, store.read()).await.unwrap(), Some(1));
    }
}

#[tokio::test]
async fn a_load_under_way_while_redis_is_emptied_is_not_kept_there() {
    let redis = TestRedis::start();
    let one: Cache<u64> = on(&redis.url(), "test:", PATIENT).await.cache(lasting("values"));
    let other: Cache<u64> = on(&redis.url(), "test:", PATIENT).await.cache(lasting("values"));
    let store = Store::default();
    let slow = one.get_or_load("answer", async {
        let old = store.read().await;
        redis.flush();
        old
    });
    assert_eq!(slow.await.unwrap(), Some(0));
    assert_eq!(one.statistics().shared.stale_refused, 1);
    store.write();
    assert_eq!(other.get_or_load("answer", store.read()).await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_group_is_forgotten_on_every_replica_and_alone() {
    let caches = both(lasting("pages")).await;
    let store = Store::default();
    let read_all = async || {
        let mut values = Vec::new();
        for cache in &caches {
            for (user, page) in [("ada", "1"), ("ada", "2"), ("grace", "1")] {
                let key = Key::in_group(user, page);
                values.push(cache.get_or_load(&key, store.read()).await.unwrap().unwrap());
            }
        }
        values
    };
    assert_eq!(read_all().await, [0; 6]);
    store.write();
    assert_eq!(caches[0].invalidate_group("ada").await, Reach::Everywhere);
    assert_eq!(read_all().await, [1, 1, 0, 1, 1, 0]);
}

#[actix_web::test]
async fn a_write_whose_client_hung_up_is_told_all_the_same() {
    let app = TestApp::start(&[]);
    let [one, other] = both(lasting("values")).await;
    let store = Arc::new(Store::default());
    let before = other.get_or_load("answer", store.read()).await.unwrap();
    let ((began, begun), (go_on, gate)) = (oneshot::channel(), channel());
    let writing = Arc::clone(&store);
    let write = move |_: &mut PgConnection| {
        began.send(()).unwrap();
        gate.recv().unwrap();
        Ok::<_, diesel::result::Error>(writing.write())
    };
    let forget = move || {
        let one = one.clone();
        async move {
            one.invalidate("answer").await;
        }
    };
    tokio::select! {
        _ = write_then_forget(app.database.clone(), write, forget) => panic!("the write is held"),
        begun = begun => begun.unwrap(),
    }
    go_on.send(()).unwrap();
    let told = async {
        while other.get_or_load("answer", store.read()).await.unwrap() == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENT, told).await.expect("the other replica hears of it");
}
