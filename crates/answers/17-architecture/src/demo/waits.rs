//! Who waits for a mail of 300 ms: orders by the clock, in three ways by turns.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::System;
use auth::testing::sign_up;
use evidence::load::{LoadPlan, LoadReport, Sample, open_loop};
use evidence::{Bar, Chart, ChartKind, Outcome, Quantity, Scale, Stage, Unit, statistics};
use foundation::scratch::{Scratch, number};
use foundation::testing::Client;
use serde_json::json;

use super::MAIL;
use super::request::serve;
use crate::desk::Way;
use crate::post::Postbox;

const WAYS: [Way; 3] = [Way::Inline, Way::Spawned, Way::Queued];

/// Rounds, orders per second, and for how long.
fn effort(scale: Scale) -> (u32, f64, Duration) {
    match scale {
        Scale::Quick => (1, 60.0, Duration::from_millis(100)),
        Scale::Default => (4, 60.0, Duration::from_millis(1_000)),
        Scale::Full => (8, 60.0, Duration::from_secs(4)),
    }
}

/// What one way showed in all rounds.
#[derive(Default)]
struct Shown {
    orders: u64,
    created: u64,
    p50: Vec<Duration>,
    p99: Vec<Duration>,
}

pub(super) fn climb(stage: &Stage, scratch: &Arc<Scratch>) -> Outcome {
    let (rounds, rate, duration) = effort(stage.scale());
    let mail = Quantity::duration(MAIL);
    stage.step(format!("{rate} orders a second, each with a mail of {mail}"));
    let postbox = Postbox::open(MAIL)?;
    let _closing = postbox.closes_with(stage.interrupt());
    let app = serve(scratch, &postbox)?;
    let customer = sign_up(&app, "customer").client;
    let before = number(&mut scratch.connect()?, "SELECT count(*) FROM mailed_orders")?;
    let shown = WAYS.map(|_| RefCell::new(Shown::default()));
    let plan = LoadPlan { rate_per_second: rate, duration, max_in_flight: 1_000 };
    for round in 0..rounds {
        for turn in 0..WAYS.len() {
            stage.go_on()?;
            // Whoever goes first changes, so that none always finds the machine as another left it.
            let at = (turn + round as usize) % WAYS.len();
            let report = order(&customer, WAYS[at], plan);
            shown[at].borrow_mut().add(&report);
        }
    }
    let shown = shown.map(RefCell::into_inner);
    let total: u64 = shown.iter().map(|one| one.created).sum();
    postbox.delivers(total)?;
    let stored = number(&mut scratch.connect()?, "SELECT count(*) FROM mailed_orders")? - before;
    let mailed = postbox.seen().mailed();
    stage.check(
        "every-order-of-the-load-is-stored-and-mailed",
        format!("{total} orders were answered with 201, {stored} stored and {mailed} mailed"),
        shown.iter().all(|one| one.created == one.orders && one.created > 0)
            && (stored, mailed) == (total, total),
    );
    tell(stage, &shown);
    Ok(())
}

fn order(customer: &Client, way: Way, plan: LoadPlan) -> LoadReport {
    let path = format!("/api/v1/mailed-orders/{}", way.word());
    System::new().block_on(open_loop(plan, |_| async {
        let reply = customer.post(&path, &json!({"sku": "lamp"})).await;
        Sample::status(reply.status.as_u16())
    }))
}

impl Shown {
    fn add(&mut self, report: &LoadReport) {
        self.orders += report.started + report.not_started;
        self.created += report.count("201");
        self.p50.push(report.percentile(50.0));
        self.p99.push(report.percentile(99.0));
    }
}

fn tell(stage: &Stage, shown: &[Shown; 3]) {
    let ladder = stage.ladder("orders by the clock", &["orders", "p50", "p99"]);
    let mut bars = Vec::new();
    for (way, shown) in WAYS.into_iter().zip(shown) {
        let middle = |samples: &[Duration]| statistics::median_of("", String::new(), samples);
        let (p50, p99) = (middle(&shown.p50), middle(&shown.p99));
        let cells = vec![Quantity::count(shown.orders).into(), p50.value.into(), p99.value.into()];
        ladder.rung(way.kind(), way.name(), cells);
        bars.push(Bar {
            label: way.name().to_owned(),
            value: p99.value.value,
            spread: Some((p99.low, p99.high)),
            rung: Some(way.kind()),
        });
    }
    for (way, shown) in WAYS.into_iter().zip(shown) {
        for (percentile, samples) in [("p50", &shown.p50), ("p99", &shown.p99)] {
            let label = format!("{percentile} of an order, {}", way.name());
            stage.measure_times(&format!("{percentile}-{}", way.word()), label, samples);
        }
    }
    stage.chart(Chart {
        id: "p99".to_owned(),
        title: "Latency of an order at the 99th percentile, median of the rounds".to_owned(),
        axis: "seconds".to_owned(),
        unit: Unit::Seconds,
        kind: ChartKind::Bars { bars, logarithmic: true },
    });
}
