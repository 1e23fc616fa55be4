//! When this answer is wrong: fifty orders a second, all year.

use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::testing::sign_up;
use evidence::{Cell, Failure, Outcome, Quantity, RungKind, Scale, Stage};
use foundation::scratch::Scratch;
use foundation::testing::{Client, TestApp};
use serde_json::json;

use super::shop::{Clerks, block_on, forget_charges, metric, order, provider, put_on_sale, serve};
use crate::tempting;

/// How long the bank takes when nobody is in a hurry.
const BANK: Duration = Duration::from_millis(30);

/// What a paid order takes.
struct Price {
    statements: u64,
    asked: u64,
    times: Vec<Duration>,
}

fn orders(scale: Scale) -> u64 {
    if scale == Scale::Quick { 2 } else { 20 }
}

/// Weighs an order that is paid in its request against one that is paid by the queue.
pub(super) fn weigh(stage: &Stage, scratch: &Arc<Scratch>, queued: &TestApp) -> Outcome {
    stage.step("When this answer is wrong");
    let count = orders(stage.scale());
    stage.note(
        "A shop without rushes: an order now and then, a bank that answers soon. What does a paid \
         order take?",
    );
    forget_charges(scratch)?;
    let bank = provider(BANK)?;
    let url = bank.url();
    let inside = serve(scratch, &[&tempting::MODULE], &["--shop-payment-url", &url], None);
    bank.call_back(format!("http://{}/api/v1/shop/payments/callbacks", queued.address()));
    let _clerks = Clerks::hire(scratch, &url)?;
    put_on_sale(scratch, "steady", 4_990, 10_000)?;
    let buyer = sign_up(queued, "regular").client;
    let title = format!("{count} orders, one after the other");
    let columns = ["statements", "requests", "processes", "until paid"];
    let ladder = stage.ladder(title, &columns);
    let simple = measure(&inside, count, |_| async {
        let client = inside.anonymous();
        let body = json!({"lines": [{"sku": "steady", "quantity": 1}]});
        let reply = client.post("/tempting/lock/orders", &body).await;
        (reply.status == 201).then_some(1)
    })?;
    ladder.rung(RungKind::Right, "reserve and pay in the request", cells(&simple, 1));
    let designed = measure(queued, count, |number| until_paid(&buyer, number))?;
    ladder.rung(RungKind::Costly, "queue, workers, callback", cells(&designed, 2));
    judge(stage, [&simple, &designed]);
    Ok(())
}

fn cells(price: &Price, processes: u64) -> Vec<Cell> {
    let counts = [price.statements, price.asked, processes];
    let mut cells: Vec<Cell> = counts.map(|count| Quantity::count(count).into()).into();
    cells.push(Cell::times(&price.times));
    cells
}

/// What one order of `count` took; `buy` tells how many requests it needed until it was paid.
fn measure<F: Future<Output = Option<u64>>>(
    app: &TestApp,
    count: u64,
    buy: impl Fn(u64) -> F,
) -> Result<Price, Failure> {
    let statements = metric(app, "database_statements_total", &[])?;
    let (mut asked, mut times) = (0, Vec::new());
    for number in 0..count {
        let began = Instant::now();
        asked += block_on(buy(number)).ok_or("an order was not paid")?;
        times.push(began.elapsed());
    }
    let statements = metric(app, "database_statements_total", &[])? - statements;
    Ok(Price { statements: statements.round() as u64 / count, asked: asked / count, times })
}

/// Orders, and asks how far it is, as the page of a customer does.
async fn until_paid(buyer: &Client, number: u64) -> Option<u64> {
    let placed = order(buyer, "steady", &format!("steady-{number}")).await;
    let path = format!("/api/v1/shop/orders/{}", placed.json()["id"]);
    let end = Instant::now() + Duration::from_secs(20);
    for asked in 2.. {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let reply = buyer.get(&path).await;
        if reply.status == 200 && reply.json()["status"] == "paid" {
            return Some(asked);
        }
        if Instant::now() > end {
            break;
        }
    }
    None
}

fn judge(stage: &Stage, [simple, designed]: [&Price; 2]) {
    for (id, label, price) in
        [("simple", "paid in the request", simple), ("designed", "paid by the queue", designed)]
    {
        let statements = Quantity::count(price.statements);
        stage.measure(&format!("statements-{id}"), format!("statements: {label}"), statements);
        stage.measure_times(&format!("paid-{id}"), format!("until paid: {label}"), &price.times);
    }
    stage.check(
        "without-rushes-the-queue-costs-more",
        format!(
            "an order that the queue pays for takes {} statements of the server and {} requests; \
             paid in its request {} and {}",
            designed.statements, designed.asked, simple.statements, simple.asked
        ),
        designed.statements > simple.statements && designed.asked > simple.asked,
    );
}
