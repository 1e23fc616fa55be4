//! The crowd of `shop-sale`, sent to a whole server.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::cell::RefCell;
use std::time::Duration;

use auth::testing::sign_up;
use diesel::Connection;
use diesel::connection::SimpleConnection;
use foundation::scratch::{Scratch, number};
use foundation::testing::{TestApp, execute};
use shop_api::MODULE;
use shop_api::sale::{Answer, Bought, Crowd, Shop, drive, measure, rush};
use tokio::time::Instant;

const ORDERS: &str = "/api/v1/shop/orders";

fn app(checkouts: &str) -> TestApp {
    let flags = [
        "--rate-limit",
        "0",
        "--user-rate-limit",
        "0",
        "--shop-reserved-per-person",
        "0",
        // A machine that is busy with other tests is no reason to refuse.
        "--database-wait",
        "30s",
        "--lock-timeout",
        "30s",
        "--statement-timeout",
        "30s",
        "--shop-checkouts-in-flight",
        checkouts,
    ];
    TestApp::serving(&[&MODULE], &flags)
}

fn put_on_sale(app: &TestApp, sku: &str, pieces: u32) {
    execute(
        &app.scratch,
        &format!(
            "INSERT INTO shop_products (sku, price_cents, document) VALUES ('{sku}', 1500, '{{}}')"
        ),
    );
    execute(
        &app.scratch,
        &format!("INSERT INTO shop_stock (sku, available) VALUES ('{sku}', {pieces})"),
    );
}

fn shop(app: &TestApp, sku: &str) -> Shop {
    let tokens = (0..3).map(|buyer| sign_up(app, &format!("buyer-{buyer}")).token).collect();
    Shop::new(&format!("http://{}", app.address()), ORDERS, sku, tokens, 256)
}

fn counted(scratch: &Scratch, expression: &str) -> u64 {
    number(&mut scratch.connect().unwrap(), expression).unwrap()
}

#[actix_web::test]
async fn a_crowd_keeps_every_order_that_it_was_told_of() {
    let app = app("4");
    put_on_sale(&app, "lamp", 30);
    let shop = shop(&app, "lamp");
    let phase = Duration::from_millis(100);
    let crowd =
        Crowd { quiet: 20.0, peak: 600.0, phases: [phase; 3], closing: Duration::from_secs(60) };
    assert_eq!(crowd.size(), 64);
    let seen = RefCell::new(0);
    let sale = rush(&shop, &crowd, |_: &Bought| *seen.borrow_mut() += 1).await;
    assert_eq!((sale.buyers, *seen.borrow()), (64, 64));
    // Whoever is refused comes back until the sale closes, so all is sold whatever was refused.
    assert_eq!((sale.orders, sale.cents, sale.sold_out), (30, 45_000, 34), "{sale:?}");
    assert_eq!((sale.turned_away, sale.failed, sale.untold), (0, 0, 0));
    assert_eq!(sale.ordered.len(), 30);
    assert_eq!(counted(&app.scratch, "SELECT count(*) FROM shop_orders"), 30);
    let stock = "SELECT available * 1000 + reserved FROM shop_stock WHERE sku = 'lamp'";
    assert_eq!(counted(&app.scratch, stock), 30);
}

#[actix_web::test]
async fn a_buyer_who_was_refused_comes_back_after_the_time_that_was_told() {
    let app = app("1");
    put_on_sale(&app, "lamp", 10);
    let (shop, closing) = (shop(&app, "lamp"), Instant::now() + Duration::from_secs(120));
    let mut keeper = app.scratch.connect().unwrap();
    keeper.begin_test_transaction().unwrap();
    keeper.batch_execute("SELECT 1 FROM shop_stock WHERE sku = 'lamp' FOR UPDATE").unwrap();
    let first = shop.order(1);
    let second = async {
        // The only checkout that may be under way waits for the row.
        while counted(&app.scratch, WAITING) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let refused = shop.order(2).await;
        drop(keeper);
        (refused, shop.buy(2, closing).await)
    };
    let (first, (refused, bought)) = futures_util::future::join(first, second).await;
    assert_eq!(refused, Answer::Refused { retry_after: Some(Duration::from_secs(1)) });
    assert_eq!(first, Answer::Ordered { total_cents: 1_500 });
    assert_eq!(bought.answer, Answer::Ordered { total_cents: 1_500 });
    let waited = bought.after.as_secs();
    assert!(waited + 1 >= bought.requests.len() as u64, "a second before each but the first");
}

const WAITING: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'";

#[actix_web::test]
async fn the_same_buyer_never_has_two_orders_and_another_sale_has_others() {
    let app = app("64");
    put_on_sale(&app, "lamp", 10);
    let shop = shop(&app, "lamp");
    let ordered = Answer::Ordered { total_cents: 1_500 };
    assert_eq!((shop.order(1).await, shop.order(1).await), (ordered, ordered));
    assert_eq!(counted(&app.scratch, "SELECT count(*) FROM shop_orders"), 1);
    assert_eq!(shop.anew().order(1).await, ordered);
    assert_eq!(counted(&app.scratch, "SELECT count(*) FROM shop_orders"), 2);
}

#[actix_web::test]
async fn what_is_not_sold_and_who_does_not_answer_are_failures() {
    let app = app("64");
    assert_eq!(shop(&app, "nothing").order(1).await, Answer::Failed(422));
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = Shop::new(&format!("http://{nobody}"), ORDERS, "lamp", Vec::new(), 1);
    assert_eq!(gone.order(1).await, Answer::Silence);
}

#[actix_web::test]
async fn all_that_is_driven_is_an_order_or_a_refusal_that_says_when_to_come_back() {
    let app = app("2");
    put_on_sale(&app, "lamp", 100_000);
    let shop = shop(&app, "lamp");
    let capacity = measure(&shop.anew(), Duration::from_millis(300)).await;
    assert!(capacity > 0.0);
    let measured = counted(&app.scratch, "SELECT count(*) FROM shop_orders");
    let times = [Duration::from_millis(300), Duration::from_secs(1)];
    let driven = drive(&shop.anew(), 50.0, 10.0, times).await;
    assert_eq!(driven.offered, 150);
    assert_eq!(driven.orders + driven.refused + driven.failed + driven.not_started, 150);
    assert_eq!((driven.untold, driven.failed, driven.not_started), (0, 0, 0), "{driven:?}");
    let orders = counted(&app.scratch, "SELECT count(*) FROM shop_orders") - measured;
    assert!(orders >= driven.orders && driven.orders > 0, "{orders} orders, {driven:?}");
}
