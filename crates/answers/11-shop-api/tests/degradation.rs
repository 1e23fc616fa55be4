//! What is left out, refused or shared when there is more to do than can be done.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use auth::testing::sign_up;
use diesel::connection::SimpleConnection;
use foundation::testing::{Client, TestApp};
use futures_util::future::join_all;
use serde_json::{Value, json};
use shop_api::store::switches;
use shop_api::switches::Switch;
use support::{
    ORDERS, PRODUCTS, app, app_with, eventually, line, metric, on_sale, order, order_one,
    shop_and_buyer, stock_of,
};

fn turn(app: &TestApp, switch: Switch, on: bool) {
    switches::turn(&mut app.scratch.connect().unwrap(), switch.name(), on).unwrap();
}

async fn page(visitor: &Client) -> Value {
    let reply = visitor.get(&format!("{PRODUCTS}/shoe")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

#[actix_web::test]
async fn one_checkout_too_many_is_refused_at_once_and_those_who_look_around_are_served() {
    let app = app_with(&["--shop-checkouts-in-flight", "1"]);
    let buyers = [sign_up(&app, "first").client, sign_up(&app, "second").client];
    on_sale(&app.scratch, "shoe", 4_990, 10);
    let wish = json!({"lines": [line("shoe", 1)]});
    // Whoever orders waits for this transaction, inside of its checkout.
    let mut holder = app.scratch.connect().unwrap();
    holder.batch_execute("BEGIN; SELECT 1 FROM shop_stock FOR UPDATE").unwrap();

    let (first, refused) = tokio::join!(order(&buyers[0], "k", &wish), async {
        eventually("one is under way", async || metric(&app, "shop_checkouts_in_flight") == 1.0)
            .await;
        let refused = order(&buyers[1], "k", &wish).await;
        assert_eq!(page(&app.anonymous()).await["available"], 10);
        assert_eq!(buyers[1].get(ORDERS).await.json(), json!([]));
        holder.batch_execute("COMMIT").unwrap();
        refused
    });

    refused.problem(503);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!(metric(&app, "shop_checkouts_refused_total"), 1.0);
    assert_eq!(metric(&app, "shop_checkouts_in_flight"), 0.0);
    assert_eq!(order(&buyers[1], "k", &wish).await.status, 201, "the next one is let in");
    assert_eq!(metric(&app, "shop_checkouts_total{outcome=\"placed\"}"), 2.0);
    assert_eq!(metric(&app, "shop_checkouts_total{outcome=\"refused\"}"), 1.0);
    assert_eq!(stock_of(&app.scratch, "shoe"), (8, 2, 0));
}

#[actix_web::test]
async fn a_client_that_hangs_up_gives_its_place_back_with_its_order_placed() {
    let app = app_with(&["--shop-checkouts-in-flight", "1"]);
    let buyer = sign_up(&app, "buyer").client;
    on_sale(&app.scratch, "shoe", 4_990, 10);
    let wish = json!({"lines": [line("shoe", 1)]});
    let mut holder = app.scratch.connect().unwrap();
    holder.batch_execute("BEGIN; SELECT 1 FROM shop_stock FOR UPDATE").unwrap();

    let in_flight = || metric(&app, "shop_checkouts_in_flight");
    tokio::select! {
        reply = order(&buyer, "k", &wish) => panic!("it was held up: {}", reply.text),
        () = eventually("it is under way", async || in_flight() == 1.0) => {}
    }
    assert_eq!(in_flight(), 1.0, "the work goes on, and so does its place");
    holder.batch_execute("COMMIT").unwrap();

    eventually("the place is free", async || in_flight() == 0.0).await;
    let again = order(&buyer, "k", &wish).await;
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, "true"));
    assert_eq!(stock_of(&app.scratch, "shoe"), (9, 1, 0));
}

#[actix_web::test]
async fn no_orders_are_taken_while_the_checkout_is_off_and_all_else_goes_on() {
    let (app, buyer) = shop_and_buyer();
    on_sale(&app.scratch, "shoe", 4_990, 10);
    let placed = order_one(&buyer, "before", "shoe").await;
    let wish = json!({"lines": [line("shoe", 1)]});
    assert_eq!(metric(&app, "shop_switch_on{switch=\"checkout\"}"), 1.0);

    turn(&app, Switch::Checkout, false);

    let mut tries = 0;
    eventually("the servers have heard", async || {
        tries += 1;
        order(&buyer, &format!("try-{tries}"), &wish).await.status == 503
    })
    .await;
    let refused = order(&buyer, "k", &wish).await;
    refused.problem(503);
    assert_eq!(refused.header("retry-after"), "30");
    assert_eq!(metric(&app, "shop_switch_on{switch=\"checkout\"}"), 0.0);
    assert_eq!(page(&app.anonymous()).await["sku"], "shoe");
    assert_eq!(support::put(&buyer, "shoe", 1).await.status, 204);
    assert_eq!(support::cancel(&buyer, placed).await.status, 200);

    turn(&app, Switch::Checkout, true);
    eventually("and hear again", async || order(&buyer, "k", &wish).await.status == 201).await;
}

#[actix_web::test]
async fn a_page_leaves_out_what_is_turned_off() {
    let app = app();
    let visitor = app.anonymous();
    on_sale(&app.scratch, "shoe", 4_990, 10);
    on_sale(&app.scratch, "lace", 250, 10);
    let whole = page(&visitor).await;
    assert_eq!((&whole["available"], &whole["related"]), (&json!(10), &json!(["lace"])));

    turn(&app, Switch::Recommendations, false);
    eventually("nothing is recommended", async || page(&visitor).await.get("related").is_none())
        .await;
    assert_eq!(page(&visitor).await["available"], 10);

    turn(&app, Switch::LiveStock, false);
    eventually("stock is not told", async || page(&visitor).await.get("available").is_none()).await;
    let left = page(&visitor).await;
    assert_eq!((&left["sku"], &left["price_cents"]), (&json!("shoe"), &json!(4_990)));
}

#[actix_web::test]
async fn of_fifty_visitors_who_miss_a_product_in_the_cache_one_reads_the_store() {
    let app = app();
    let visitor = app.anonymous();
    on_sale(&app.scratch, "shoe", 4_990, 10);
    assert_eq!(metric(&app, "shop_catalogue_reads_total"), 0.0);

    let pages = join_all((0..50).map(|_| page(&visitor))).await;

    assert!(pages.iter().all(|page| page["sku"] == "shoe"));
    assert_eq!(metric(&app, "shop_catalogue_reads_total"), 1.0);
}
