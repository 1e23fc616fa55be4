//! What a server can do, and what it does with three and ten times as much.

use std::cell::Cell;
use std::time::Duration;

use evidence::load::{LoadPlan, LoadReport, Sample, open_loop_phases};
use evidence::statistics::{Latencies, latencies, percentile, slower_than};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::buyer::{Answer, Shop};
use super::flash::{AT_ONCE, IN_TIME};

/// Buyers that are under way at once while the capacity is measured: a closed loop, so that the
/// server is busy and never swamped.
const AT_WORK: u64 = 32;
/// Requests under way at once in the open loop; more would be a test of this program's sockets.
const MOST_IN_FLIGHT: usize = 4_000;
/// After the load, the server is watched in slices of this length.
const SLICE: Duration = Duration::from_millis(500);
/// Share of the capacity that comes while it is watched.
const CALM: f64 = 0.3;

/// What one load found.
#[derive(Clone, Debug)]
pub struct Driven {
    /// Requests that were due.
    pub offered: u64,
    /// Requests that this program could not start, as too many were under way.
    pub not_started: u64,
    /// Orders.
    pub orders: u64,
    /// Orders a second that were answered within a second of when they should have begun.
    pub goodput: f64,
    /// The time that 99 % of the orders did not exceed, from when they should have begun.
    pub p99: Duration,
    /// Refusals.
    pub refused: u64,
    /// Refusals that did not say when to come back.
    pub untold: u64,
    /// The time that 99 % of the refusals did not exceed, from when they should have begun.
    pub refusal_p99: Duration,
    /// Refusals that took longer than a tenth of a second.
    pub refused_late: u64,
    /// Errors and requests without an answer.
    pub failed: u64,
    /// From the end of the load until all was well again, in steps of half a second.
    pub recovery: Option<Duration>,
}

/// Orders a second that the server takes when as many buyers order one after the other as fast as
/// they are answered.
pub async fn measure(shop: &Shop, time: Duration) -> f64 {
    // Cells: all buyers are polled by one thread.
    let (next, orders) = (Cell::new(0), Cell::new(0_u64));
    let began = Instant::now();
    let buyer = async || {
        while began.elapsed() < time {
            let number = next.replace(next.get() + 1);
            match shop.order(number).await {
                Answer::Ordered { .. } => orders.set(orders.get() + 1),
                // Whoever is refused at once must not ask again at once.
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    join_all((0..AT_WORK).map(|_| buyer())).await;
    orders.get() as f64 / began.elapsed().as_secs_f64()
}

/// Sends orders at this rate, whether or not they are answered, and then few, to see how long the
/// server takes to recover, for as long as `watch` in steps of half a second. Nobody comes back here:
/// the load is what it is.
pub async fn drive(
    shop: &Shop,
    capacity: f64,
    factor: f64,
    [time, watch]: [Duration; 2],
) -> Driven {
    let sample = |number: u64| async move { Sample::class(shop.order(number).await.class()) };
    let plan = LoadPlan {
        rate_per_second: capacity * factor,
        duration: time,
        max_in_flight: MOST_IN_FLIGHT,
    };
    let calm = LoadPlan { rate_per_second: capacity * CALM, duration: SLICE, ..plan };
    let slices = (watch.as_millis() / SLICE.as_millis()) as usize;
    let phases: Vec<LoadPlan> =
        std::iter::once(plan).chain(std::iter::repeat_n(calm, slices)).collect();
    let mut reports = open_loop_phases(&phases, sample).await;
    let load = reports.remove(0);
    Driven::of(&load, &reports, time)
}

impl Driven {
    fn of(load: &LoadReport, watched: &[LoadReport], time: Duration) -> Self {
        let of = |answer: Answer| load.classes.get(answer.class()).cloned();
        let orders = of(Answer::Ordered { total_cents: 0 }).unwrap_or_else(latencies);
        let mut refused =
            of(Answer::Refused { retry_after: Some(IN_TIME) }).unwrap_or_else(latencies);
        let untold = of(Answer::Refused { retry_after: None }).unwrap_or_else(latencies);
        // Both grow as needed, so nothing of one cannot be added to the other.
        let _ = refused.add(&untold);
        let in_time = orders.len() - slower_than(&orders, IN_TIME);
        Self {
            offered: load.started + load.not_started,
            not_started: load.not_started,
            orders: orders.len(),
            goodput: in_time as f64 / time.as_secs_f64(),
            p99: percentile(&orders, 99.0),
            refused: refused.len(),
            untold: untold.len(),
            refusal_p99: percentile(&refused, 99.0),
            refused_late: slower_than(&refused, AT_ONCE),
            failed: load.count(Answer::Failed(0).class()) + load.count(Answer::Silence.class()),
            recovery: recovery(watched),
        }
    }
}

/// Up to the end of the last slice in which somebody was refused, failed, or waited for a second.
fn recovery(watched: &[LoadReport]) -> Option<Duration> {
    let well = |report: &LoadReport| {
        let orders: u64 = report.classes.get("ordered").map_or(0, Latencies::len);
        orders == report.started && report.not_started == 0 && report.slower_than(IN_TIME) == 0
    };
    let last_bad = watched.iter().rposition(|report| !well(report)).map_or(0, |at| at + 1);
    let slices = u32::try_from(last_bad).ok()?;
    (last_bad < watched.len()).then_some(SLICE * slices)
}
