//! One press of the button that arrives fifty times.

use actix_web::http::Method;
use auth::testing::sign_up;
use evidence::{Outcome, Quantity, Stage};
use foundation::scratch::Scratch;
use foundation::testing::{Reply, TestApp};
use futures_util::future::join_all;
use serde_json::json;

use super::shop::{ORDERS, block_on, order, orders, put_on_sale};

/// Requests that are sent at once.
const REQUESTS: usize = 50;
const SKU: &str = "pressed-often";

pub(super) fn press(stage: &Stage, scratch: &Scratch, app: &TestApp) -> Outcome {
    stage.step("The same order, sent fifty times");
    put_on_sale(scratch, SKU, 4_990, 100)?;
    let buyer = sign_up(app, "presser").client;
    let (replies, again, other) = block_on(async {
        let at_once = join_all((0..REQUESTS).map(|_| order(&buyer, SKU, "pressed"))).await;
        let again = order(&buyer, SKU, "pressed").await;
        let other = json!({"lines": [{"sku": SKU, "quantity": 2}]}).to_string().into_bytes();
        let headers = [("content-type", "application/json"), ("idempotency-key", "\"pressed\"")];
        (at_once, again, buyer.send(Method::POST, ORDERS, &headers, Some(other)).await)
    });
    let count = orders(&mut scratch.connect()?, SKU, "%")?;
    let with = |status: u16| replies.iter().filter(|reply| reply.status == status).count();
    let same = |reply: &&Reply| reply.status == 201 && reply.text == again.text;
    let told = replies.iter().filter(same).count();
    stage.measure("same-key-orders", "orders of one key", Quantity::count(count));
    stage.check(
        "one-key-is-one-order",
        format!(
            "{REQUESTS} requests with one key are {count} order: {} answered 201 with the same \
             body, {} told that it still runs; another order under that key: {}",
            with(201),
            with(409),
            other.status
        ),
        count == 1
            && told >= 1
            && told == with(201)
            && with(201) + with(409) == REQUESTS
            && again.status == 201
            && other.status == 422,
    );
    Ok(())
}
