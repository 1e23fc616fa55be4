//! Two stores of documents that answer the same, and a server that goes on when the copy is gone.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::time::Duration;

use foundation::testing::{TestApp, TestRedis};
use local_services::Signal;
use serde_json::json;
use shop_api::MODULE;
use shop_api::catalogue::{Catalogue, PostgresCatalogue, RedisCatalogue};
use shop_api::model::{Cents, Product};
use support::{FLAGS, PRODUCTS, app, metric, on_sale, sku};

fn with_redis(redis: &TestRedis) -> TestApp {
    let first = app();
    TestApp::serving_with(&first.scratch, &[&MODULE], &FLAGS, Some(redis))
}

fn product(name: &str, cents: i64) -> Product {
    let document = json!({"name": name, "sizes": [41, 42], "note": "süß"});
    Product::new(sku(name), Cents::new(cents).unwrap(), document)
}

/// What every store promises.
async fn keeps_its_promises(store: &impl Catalogue) {
    assert_eq!(store.find(&sku("a")).await.unwrap(), None);
    assert!(store.page(None, 10).await.unwrap().is_empty());
    let all = ["c", "a", "a-b", "b", "a0"].map(|name| product(name, 100));
    store.put(all.to_vec()).await.unwrap();

    assert_eq!(store.find(&sku("a-b")).await.unwrap(), Some(product("a-b", 100)));
    let names = |page: Vec<Product>| {
        page.into_iter().map(|product| product.sku.to_string()).collect::<Vec<_>>()
    };
    let first = names(store.page(None, 3).await.unwrap());
    let rest = names(store.page(Some(&sku(&first[2])), 3).await.unwrap());
    assert_eq!([first, rest].concat(), ["a", "a-b", "a0", "b", "c"]);

    let changed = Product { version: 2, ..product("a", 200) };
    store.put(vec![changed.clone()]).await.unwrap();
    assert_eq!(store.find(&sku("a")).await.unwrap(), Some(changed));
}

#[actix_web::test]
async fn both_stores_answer_the_same() {
    let redis = TestRedis::start();
    let app = with_redis(&redis);
    keeps_its_promises(&PostgresCatalogue::new(app.database.clone())).await;
    let copy = RedisCatalogue::new(app.redis.clone().unwrap(), Duration::ZERO);
    keeps_its_promises(&copy).await;
}

#[actix_web::test]
async fn a_copy_that_was_read_before_a_change_does_not_replace_what_came_after() {
    let redis = TestRedis::start();
    let app = with_redis(&redis);
    let copy = RedisCatalogue::new(app.redis.clone().unwrap(), Duration::ZERO);
    let newer = Product { version: 2, ..product("a", 200) };
    copy.put(vec![newer.clone()]).await.unwrap();

    copy.put(vec![product("a", 100)]).await.unwrap();

    assert_eq!(copy.find(&sku("a")).await.unwrap(), Some(newer));
}

#[actix_web::test]
async fn a_page_comes_from_the_copy_and_from_the_truth_when_that_is_gone() {
    let redis = TestRedis::start();
    let app = with_redis(&redis);
    on_sale(&app.scratch, "shoe", 4_990, 10);
    on_sale(&app.scratch, "lace", 250, 10);
    let copy = RedisCatalogue::new(app.redis.clone().unwrap(), Duration::ZERO);
    let shown = product("shoe", 1);
    copy.put(vec![shown]).await.unwrap();

    let path = |name: &str| format!("{PRODUCTS}/{name}");
    assert_eq!(app.anonymous().get(&path("shoe")).await.json()["price_cents"], 1, "the copy's");
    redis.signal(Signal::Kill);
    let reply = app.anonymous().get(&path("lace")).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["price_cents"]), (200, &json!(250)));
    assert_eq!(metric(&app, "shop_catalogue_reads_total"), 2.0);
}
