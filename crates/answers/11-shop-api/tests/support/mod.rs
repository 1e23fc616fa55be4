//! A server with this answer alone, people who buy, and a look behind the counter.

#![allow(dead_code)] // Each test binary uses its own part.

use std::sync::Arc;

use actix_web::http::Method;
use auth::testing::sign_up;
use chrono::Utc;
use diesel::Connection;
use foundation::scratch::Scratch;
use foundation::signature::Secret;
use foundation::testing::{Client, Reply, TestApp, execute};
use secrecy::SecretString;
use serde_json::{Value, json};
use shop_api::MODULE;
use shop_api::job::PATIENCE;
use shop_api::model::{Cents, Product, Sku};
use shop_api::payments::SECRET_SETTING;
use shop_api::store::{products, stock};

pub(crate) const PRODUCTS: &str = "/api/v1/shop/products";
pub(crate) const CART: &str = "/api/v1/shop/cart";
pub(crate) const ORDERS: &str = "/api/v1/shop/orders";
pub(crate) const CALLBACKS: &str = "/api/v1/shop/payments/callbacks";

/// What the provider of these tests signs with.
pub(crate) const SECRET: &str = "a secret of these tests";

/// No limit but those that a test is about, and patience: other tests run on this machine.
pub(crate) const FLAGS: [&str; 14] = [
    "--rate-limit",
    "0",
    "--user-rate-limit",
    "0",
    "--shop-reserved-per-person",
    "0",
    "--shop-payment-secret",
    SECRET,
    "--database-wait",
    "20s",
    "--lock-timeout",
    "20s",
    "--statement-timeout",
    "20s",
];

pub(crate) fn app() -> TestApp {
    app_with(&[])
}

pub(crate) fn app_with(flags: &[&str]) -> TestApp {
    TestApp::serving(&[&MODULE], &[&FLAGS, flags].concat())
}

/// A replica: another server on the same database.
pub(crate) fn replica_of(app: &TestApp) -> TestApp {
    TestApp::serving_on(&app.scratch, &[&MODULE], &FLAGS)
}

/// A server and somebody signed in to it.
pub(crate) fn shop_and_buyer() -> (TestApp, Client) {
    let app = app();
    let client = sign_up(&app, "buyer").client;
    (app, client)
}

pub(crate) fn sku(text: &str) -> Sku {
    Sku::parse(text).unwrap()
}

/// Puts something on sale.
pub(crate) fn on_sale(scratch: &Scratch, name: &str, cents: i64, available: i64) {
    let document = json!({"name": format!("The {name}"), "category": "things"});
    let product = Product::new(sku(name), Cents::new(cents).unwrap(), document);
    let mut connection = scratch.connect().unwrap();
    connection
        .transaction(|connection| products::put_on_sale(connection, &product, available))
        .unwrap();
}

/// Available, reserved and sold.
pub(crate) fn stock_of(scratch: &Scratch, name: &str) -> (i64, i64, i64) {
    let counts = stock::counts(&mut scratch.connect().unwrap(), &sku(name)).unwrap();
    (counts.available, counts.reserved, counts.sold)
}

/// One line of an order.
pub(crate) fn line(sku: &str, quantity: i64) -> Value {
    json!({"sku": sku, "quantity": quantity})
}

/// Orders with a key.
pub(crate) async fn order(client: &Client, key: &str, body: &Value) -> Reply {
    let key = format!("\"{key}\"");
    let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
    client.send(Method::POST, ORDERS, &headers, Some(body.to_string().into_bytes())).await
}

/// Orders one piece of one product; returns the order's number.
pub(crate) async fn order_one(client: &Client, key: &str, sku: &str) -> i64 {
    let reply = order(client, key, &json!({"lines": [line(sku, 1)]})).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json()["id"].as_i64().unwrap()
}

pub(crate) async fn status_of(client: &Client, order: i64) -> String {
    let reply = client.get(&format!("{ORDERS}/{order}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()["status"].as_str().unwrap().to_owned()
}

pub(crate) async fn cancel(client: &Client, order: i64) -> Reply {
    client.send(Method::POST, &format!("{ORDERS}/{order}/cancellation"), &[], None).await
}

/// The provider's word on an order, as JSON.
pub(crate) fn told(outcome: &str, order: i64, amount_cents: i64) -> Value {
    let reference = format!("ch_{order}");
    let data = json!({"order": order, "reference": reference, "amount_cents": amount_cents});
    json!({"type": format!("charge.{outcome}"), "data": data})
}

/// Tells it, signed with this secret at this time.
pub(crate) async fn tell_signed(
    client: &Client,
    secret: &str,
    (event, timestamp): (&str, i64),
    body: &Value,
) -> Reply {
    let body = body.to_string();
    let secret = Secret::of_setting(SECRET_SETTING, &SecretString::from(secret)).unwrap();
    let signed = secret.headers(event, timestamp, body.as_bytes());
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(signed.iter().map(|(name, value)| (*name, value.as_str())));
    client.send(Method::POST, CALLBACKS, &headers, Some(body.into_bytes())).await
}

/// Tells it as the provider would.
pub(crate) async fn tell(client: &Client, event: &str, body: &Value) -> Reply {
    tell_signed(client, SECRET, (event, Utc::now().timestamp()), body).await
}

/// Place and code of the first refused field of a problem.
pub(crate) fn refused(problem: &Value) -> (&str, &str) {
    let error = &problem["errors"][0];
    let place = error["pointer"].as_str().or(error["parameter"].as_str());
    (place.unwrap_or_default(), error["code"].as_str().unwrap_or_default())
}

/// Waits until something holds, for half a minute at the most.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if holds().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{what}: not within half a minute");
}

/// A metric of a server, 0 where it is not told.
pub(crate) fn metric(app: &TestApp, name: &str) -> f64 {
    let text = String::from_utf8(app.metrics.render().unwrap()).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |number| number.parse().unwrap())
}

/// The time of an order is over.
pub(crate) fn time_passes(scratch: &Scratch, order: i64) {
    execute(scratch, &format!("UPDATE shop_orders SET expires_at = now() WHERE id = {order}"));
}

/// The provider was asked about it for as long as an order waits for an answer.
pub(crate) fn patience_ends(scratch: &Scratch) {
    let long_ago = PATIENCE.as_secs();
    let asked = format!("asked_at = asked_at - interval '{long_ago} seconds'");
    execute(scratch, &format!("UPDATE shop_orders SET {asked} WHERE status = 'reserved'"));
}

/// Runs the job that expires orders; what it did.
pub(crate) fn expire(scratch: &Scratch) -> Vec<String> {
    let job = MODULE.jobs[0];
    assert_eq!(job.name, "shop-expire");
    let done = job.run_locked(&mut scratch.connect().unwrap(), false);
    done.unwrap().expect("nobody else runs the job")
}

/// People of roles `buyer-0` to `buyer-n`.
pub(crate) fn crowd(app: &Arc<TestApp>, people: usize) -> Vec<Client> {
    (0..people).map(|number| sign_up(app, &format!("buyer-{number}")).client).collect()
}

/// Sets how many of something are in the cart.
pub(crate) async fn put(client: &Client, sku: &str, quantity: i64) -> Reply {
    client.json(Method::PUT, &format!("{CART}/{sku}"), &json!({"quantity": quantity})).await
}
