//! Who paid: callbacks that come twice, late, forged or never, and a provider that is at times down.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use actix_web::http::Method;
use auth::testing::sign_up;
use chrono::Utc;
use foundation::signature::Secret;
use foundation::testing::{TestApp, count, execute};
use secrecy::SecretString;
use serde_json::json;
use shop_api::MODULE;
use shop_api::payments::SECRET_SETTING;
use shop_api::provider::{Provider, Settings};
use support::{
    CALLBACKS, SECRET, app_with, cancel, eventually, metric, on_sale, order_one, refused,
    shop_and_buyer, status_of, stock_of, tell, tell_signed, told,
};

fn settings() -> Settings {
    Settings::friendly(Secret::of_setting(SECRET_SETTING, &SecretString::from(SECRET)).unwrap())
}

/// A shop that charges this provider, which calls back.
fn paid_by(provider: &Provider) -> TestApp {
    let app = app_with(&["--shop-payment-url", &provider.url()]);
    provider.call_back(format!("http://{}{CALLBACKS}", app.address()));
    app
}

#[actix_web::test]
async fn what_the_provider_tells_is_applied_once_however_often_it_is_told() {
    let (app, buyer) = shop_and_buyer();
    let provider = app.anonymous();
    on_sale(&app.scratch, "shoe", 4_990, 10);
    let (paid, declined) =
        (order_one(&buyer, "a", "shoe").await, order_one(&buyer, "b", "shoe").await);

    for applied in [true, false, false] {
        let reply = tell(&provider, "evt_1", &told("succeeded", paid, 4_990)).await;
        assert_eq!(reply.json(), json!({"applied": applied}));
        let reply = tell(&provider, "evt_2", &told("declined", declined, 4_990)).await;
        assert_eq!(reply.json(), json!({"applied": applied}));
        assert_eq!(stock_of(&app.scratch, "shoe"), (9, 0, 1));
    }
    assert_eq!(status_of(&buyer, paid).await, "paid");
    assert_eq!(status_of(&buyer, declined).await, "declined");
    assert_eq!(metric(&app, "shop_revenue_cents_total"), 4_990.0);
    cancel(&buyer, paid).await.problem(409);

    // The same under another name, and its contrary: the order has ended.
    for event in [told("succeeded", paid, 4_990), told("declined", paid, 4_990)] {
        let reply = tell(&provider, &format!("late {}", event["type"]), &event).await;
        assert_eq!(reply.json(), json!({"applied": false}), "{event}");
    }
    assert_eq!(stock_of(&app.scratch, "shoe"), (9, 0, 1));
    assert_eq!(status_of(&buyer, paid).await, "paid");
}

#[actix_web::test]
async fn money_that_comes_for_an_order_that_has_ended_goes_back() {
    let provider = Provider::start(settings()).unwrap();
    provider.hold_decisions(true);
    let app = paid_by(&provider);
    let buyer = sign_up(&app, "buyer").client;
    on_sale(&app.scratch, "shoe", 4_990, 1);
    let (late, next) = (order_one(&buyer, "a", "shoe").await, "b");
    eventually("it is charged", async || !provider.charges().is_empty()).await;
    assert_eq!(cancel(&buyer, late).await.status, 200);

    provider.hold_decisions(false);

    eventually("it is given back", async || provider.charges()[0].refunded).await;
    eventually("and noted", async || {
        count(&app.scratch, "shop_payments WHERE status = 'refunded'") == 1
    })
    .await;
    assert_eq!(status_of(&buyer, late).await, "cancelled");
    assert_eq!(stock_of(&app.scratch, "shoe"), (1, 0, 0), "not sold, and for sale again");
    assert_eq!(metric(&app, "shop_revenue_cents_total"), 0.0);
    order_one(&buyer, next, "shoe").await;
}

#[actix_web::test]
async fn a_callback_that_is_not_signed_by_the_provider_changes_nothing() {
    let (app, buyer) = shop_and_buyer();
    let (stranger, now) = (app.anonymous(), Utc::now().timestamp());
    on_sale(&app.scratch, "shoe", 4_990, 10);
    let id = order_one(&buyer, "k", "shoe").await;
    let event = told("succeeded", id, 4_990);

    let forged = [
        ("another secret", tell_signed(&stranger, "a secret of a stranger", ("e", now), &event)),
        ("an old copy", tell_signed(&stranger, SECRET, ("e", now - 301), &event)),
        ("one of the future", tell_signed(&stranger, SECRET, ("e", now + 600), &event)),
    ];
    for (case, reply) in forged {
        let reply = reply.await;
        reply.problem(401);
        assert_eq!(reply.header("www-authenticate"), "Webhook-Signature", "{case}");
    }
    let unsigned = [("content-type", "application/json")];
    let body = Some(event.to_string().into_bytes());
    stranger.send(Method::POST, CALLBACKS, &unsigned, body).await.problem(401);
    assert_eq!(status_of(&buyer, id).await, "reserved");
    assert_eq!(count(&app.scratch, "shop_payment_events"), 0);
}

#[actix_web::test]
async fn a_signed_callback_that_makes_no_sense_is_refused_and_not_noted() {
    let (app, buyer) = shop_and_buyer();
    let provider = app.anonymous();
    on_sale(&app.scratch, "shoe", 4_990, 10);
    let id = order_one(&buyer, "k", "shoe").await;
    let other = order_one(&buyer, "other", "shoe").await;
    tell(&provider, "fine", &told("succeeded", other, 4_990)).await;
    let mut nameless = told("succeeded", id, 4_990);
    nameless["data"]["reference"] = json!("");
    let mut reused = told("succeeded", id, 4_990);
    reused["data"]["reference"] = json!(format!("ch_{other}"));
    let cases = [
        (told("succeeded", 99, 4_990), "#/data/order", "not_found"),
        (told("succeeded", id, 1), "#/data/amount_cents", "another_amount"),
        (told("succeeded", id, i64::MAX), "#/data/amount_cents", "another_amount"),
        (nameless, "#/data/reference", "out_of_range"),
        (reused, "#/data/reference", "reused"),
    ];
    for (event, place, code) in cases {
        let problem = tell(&provider, "evt", &event).await.problem(422);
        assert_eq!(refused(&problem), (place, code), "{event}");
    }
    tell(&provider, "evt", &json!({"type": "charge.forgotten", "data": {}})).await.problem(422);
    tell(&provider, &"e".repeat(101), &told("succeeded", id, 4_990)).await.problem(422);
    assert_eq!(status_of(&buyer, id).await, "reserved");
    assert_eq!(count(&app.scratch, "shop_payment_events"), 1);
}

#[actix_web::test]
async fn orders_are_charged_once_each_by_a_provider_that_fails_every_second_time() {
    let provider = Provider::start(Settings {
        fail_share: 0.5,
        decline_share: 0.3,
        duplicate_share: 0.5,
        ..settings()
    })
    .unwrap();
    let app = paid_by(&provider);
    let buyer = sign_up(&app, "buyer").client;
    on_sale(&app.scratch, "shoe", 4_990, 20);
    for number in 0..20 {
        order_one(&buyer, &format!("k{number}"), "shoe").await;
    }

    eventually("all are decided", async || {
        // What failed waits for its turn at random, and is given up one day; here neither.
        execute(
            &app.scratch,
            "UPDATE background_jobs SET run_at = now(), attempts = 0 WHERE NOT running",
        );
        count(&app.scratch, "shop_orders WHERE status = 'reserved'") == 0
    })
    .await;

    let charges = provider.charges();
    assert_eq!(charges.len(), 20);
    let paid = count(&app.scratch, "shop_orders WHERE status = 'paid'");
    let (available, reserved, sold) = stock_of(&app.scratch, "shoe");
    assert_eq!((available + sold, reserved, sold), (20, 0, paid));
    assert!((1..20).contains(&paid), "{paid} of 20");
    assert_eq!(count(&app.scratch, "shop_payments WHERE status = 'succeeded'"), paid);
    assert!(provider.calls() > 20, "some were tried again");
}

#[actix_web::test]
async fn a_server_without_a_provider_leaves_its_orders_to_workers() {
    let (app, buyer) = shop_and_buyer();
    on_sale(&app.scratch, "shoe", 4_990, 10);
    let id = order_one(&buyer, "k", "shoe").await;
    assert_eq!(count(&app.scratch, "background_jobs WHERE NOT running"), 1);

    let provider = Provider::start(settings()).unwrap();
    provider.call_back(format!("http://{}{CALLBACKS}", app.address()));
    let url = provider.url();
    let flags = [&support::FLAGS[..], &["--shop-payment-url", &url]].concat();
    let _worker = TestApp::serving_on(&app.scratch, &[&MODULE], &flags);

    eventually("it is paid", async || status_of(&buyer, id).await == "paid").await;
}
