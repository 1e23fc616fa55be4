//! Callbacks that never come: before an order expires, the provider is asked. A real one, which is a
//! process of its own and can be gone.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use auth::testing::sign_up;
use foundation::scratch::Scratch;
use foundation::signature::Secret;
use foundation::testing::{Client, TestApp, count, execute};
use secrecy::SecretString;
use shop_api::MODULE;
use shop_api::payments::SECRET_SETTING;
use shop_api::provider::{Provider, Settings};
use support::{
    FLAGS, SECRET, app_with, cancel, eventually, expire, on_sale, order_one, patience_ends,
    shop_and_buyer, status_of, stock_of, tell, time_passes, told,
};

/// `shop-provider`, which tells nobody what it decided; killed when dropped.
struct Process {
    child: Child,
    url: String,
}

impl Process {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_shop-api"))
            .args(["shop-provider", "--delay", "0ms"])
            .env("SHOP_PAYMENT_SECRET", SECRET)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("ready ").expect("it says where it is").to_owned();
        Self { child, url }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Another server of this shop, which charges.
fn charging(scratch: &Arc<Scratch>, provider: &str) -> TestApp {
    TestApp::serving_on(
        scratch,
        &[&MODULE],
        &[&FLAGS[..], &["--shop-payment-url", provider]].concat(),
    )
}

/// An order that was charged for, as far as the shop knows: no callback has come.
async fn charged(app: &TestApp, provider: &str) -> (TestApp, Client, i64) {
    let buyer = sign_up(app, "buyer").client;
    on_sale(&app.scratch, "shoe", 4_990, 1);
    let charging = charging(&app.scratch, provider);
    let id = order_one(&buyer, "k", "shoe").await;
    let pending = "shop_payments WHERE status = 'pending'";
    eventually("it is charged", async || count(&app.scratch, pending) == 1).await;
    (charging, buyer, id)
}

/// What waits for its next attempt is due.
fn hurry(scratch: &Scratch) {
    execute(scratch, "UPDATE background_jobs SET run_at = now() WHERE NOT running");
}

#[actix_web::test]
async fn an_order_whose_callbacks_are_all_lost_is_paid_instead_of_expired() {
    let (provider, app) = (Process::start(), support::app());
    let (_charging, buyer, id) = charged(&app, &provider.url).await;
    time_passes(&app.scratch, id);

    assert_eq!(expire(&app.scratch), ["asked about 1 orders"]);

    eventually("it is paid", async || status_of(&buyer, id).await == "paid").await;
    patience_ends(&app.scratch);
    assert!(expire(&app.scratch).is_empty(), "and stays so");
    assert_eq!(stock_of(&app.scratch, "shoe"), (0, 0, 1));
    assert_eq!(count(&app.scratch, "shop_payments WHERE status = 'succeeded'"), 1);

    // The callback comes after all, an hour late.
    let late = tell(&app.anonymous(), "evt", &told("succeeded", id, 4_990)).await;
    assert_eq!(late.json()["applied"], false);
    assert_eq!(stock_of(&app.scratch, "shoe"), (0, 0, 1));
}

#[actix_web::test]
async fn an_order_that_nobody_charged_for_expires_as_soon_as_the_provider_says_so() {
    let (provider, (app, buyer)) = (Process::start(), shop_and_buyer());
    on_sale(&app.scratch, "shoe", 4_990, 2);
    let (old, young) = (order_one(&buyer, "a", "shoe").await, order_one(&buyer, "b", "shoe").await);
    execute(&app.scratch, "DELETE FROM background_jobs");
    time_passes(&app.scratch, old);
    let mut connection = app.scratch.connect().unwrap();
    let would = MODULE.jobs[0].run_locked(&mut connection, true).unwrap().unwrap();
    assert_eq!(would, ["would ask about, then expire 1 orders"]);
    assert_eq!(expire(&app.scratch), ["asked about 1 orders"]);
    assert!(expire(&app.scratch).is_empty(), "asked once");
    assert_eq!(stock_of(&app.scratch, "shoe"), (0, 2, 0), "nobody has answered");

    let _charging = charging(&app.scratch, &provider.url);

    eventually("it is expired", async || status_of(&buyer, old).await == "expired").await;
    patience_ends(&app.scratch);
    assert!(expire(&app.scratch).is_empty(), "and not again");
    assert_eq!(stock_of(&app.scratch, "shoe"), (1, 1, 0), "given back once");
    assert_eq!(status_of(&buyer, young).await, "reserved");
    assert_eq!(count(&app.scratch, "background_jobs"), 0);
    cancel(&buyer, old).await.problem(409);
}

#[actix_web::test]
async fn a_provider_that_is_gone_keeps_an_expired_order_for_two_minutes_and_no_longer() {
    let (provider, app) = (Process::start(), support::app());
    let (_charging, buyer, id) = charged(&app, &provider.url).await;
    drop(provider);
    time_passes(&app.scratch, id);
    assert_eq!(expire(&app.scratch), ["asked about 1 orders"]);

    let tried = "background_jobs WHERE kind = 'payment-inquiry' AND attempts > 0 AND NOT running";
    eventually("it was asked in vain", async || count(&app.scratch, tried) == 1).await;
    assert!(expire(&app.scratch).is_empty(), "its time is not over");
    assert_eq!((status_of(&buyer, id).await, stock_of(&app.scratch, "shoe")), reserved());

    patience_ends(&app.scratch);
    assert_eq!(expire(&app.scratch), ["expired 1 orders"]);
    assert!(expire(&app.scratch).is_empty());
    assert_eq!(status_of(&buyer, id).await, "expired");
    assert_eq!(stock_of(&app.scratch, "shoe"), (1, 0, 0));
    assert_eq!(count(&app.scratch, "background_jobs WHERE kind = 'payment-inquiry'"), 1, "goes on");
}

fn reserved() -> (String, (i64, i64, i64)) {
    ("reserved".to_owned(), (0, 1, 0))
}

/// One that the test can hold.
fn provider() -> Provider {
    let secret = Secret::of_setting(SECRET_SETTING, &SecretString::from(SECRET)).unwrap();
    Provider::start(Settings::friendly(secret)).unwrap()
}

#[actix_web::test]
async fn money_that_is_found_after_an_order_has_expired_goes_back() {
    let (provider, app) = (provider(), support::app());
    let (_charging, buyer, id) = charged(&app, &provider.url()).await;
    provider.be_down(true);
    time_passes(&app.scratch, id);
    expire(&app.scratch);
    patience_ends(&app.scratch);
    assert_eq!(expire(&app.scratch), ["expired 1 orders"]);

    provider.be_down(false);

    eventually("it is given back", async || {
        hurry(&app.scratch);
        provider.charges()[0].refunded
    })
    .await;
    let refunded = "shop_payments WHERE status = 'refunded'";
    eventually("and noted", async || count(&app.scratch, refunded) == 1).await;
    assert_eq!(status_of(&buyer, id).await, "expired");
    assert_eq!(stock_of(&app.scratch, "shoe"), (1, 0, 0));
}

#[actix_web::test]
async fn the_money_of_a_cancelled_order_goes_back_without_a_callback() {
    let (provider, app) = (provider(), support::app());
    let (_charging, buyer, id) = charged(&app, &provider.url()).await;

    assert_eq!(cancel(&buyer, id).await.status, 200);

    eventually("it is given back", async || {
        hurry(&app.scratch);
        provider.charges()[0].refunded
    })
    .await;
    assert_eq!(status_of(&buyer, id).await, "cancelled");
    assert_eq!(stock_of(&app.scratch, "shoe"), (1, 0, 0));
}

#[actix_web::test]
async fn a_charge_that_was_tried_before_its_order_was_cancelled_is_asked_about() {
    let ((app, buyer), provider) = (shop_and_buyer(), provider());
    on_sale(&app.scratch, "shoe", 4_990, 2);
    let (tried, untried) =
        (order_one(&buyer, "a", "shoe").await, order_one(&buyer, "b", "shoe").await);
    let attempted =
        format!("UPDATE background_jobs SET attempts = 1 WHERE payload = '{{\"order\": {tried}}}'");
    assert_eq!(execute(&app.scratch, &attempted), 1);
    for id in [tried, untried] {
        assert_eq!(cancel(&buyer, id).await.status, 200);
    }
    execute(&app.scratch, "DELETE FROM background_jobs WHERE kind = 'payment-inquiry'");

    let _charging = charging(&app.scratch, &provider.url());

    let left = "background_jobs WHERE kind = 'shop-charge'";
    eventually("nothing is left to charge", async || count(&app.scratch, left) == 0).await;
    assert_eq!(provider.calls(), 0);
    let inquiries = "background_jobs WHERE kind = 'payment-inquiry'";
    assert_eq!(count(&app.scratch, inquiries), 1, "of the one whose answer may have been lost");
}

#[actix_web::test]
async fn a_charge_whose_answer_comes_after_the_cancellation_is_asked_about() {
    let provider = provider();
    provider.hold_answers(true);
    let app = app_with(&["--shop-payment-url", &provider.url()]);
    let buyer = sign_up(&app, "buyer").client;
    on_sale(&app.scratch, "shoe", 4_990, 1);
    let id = order_one(&buyer, "k", "shoe").await;
    eventually("it is asked", async || provider.calls() == 1).await;
    assert_eq!(cancel(&buyer, id).await.status, 200);
    // As if the question of the cancellation had come too early, and found no charge.
    execute(&app.scratch, "DELETE FROM background_jobs WHERE kind = 'payment-inquiry'");

    provider.hold_answers(false);

    eventually("it is given back", async || {
        hurry(&app.scratch);
        provider.charges().first().is_some_and(|charge| charge.refunded)
    })
    .await;
    assert_eq!(stock_of(&app.scratch, "shoe"), (1, 0, 0));
}
