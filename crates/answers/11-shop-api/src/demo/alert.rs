//! Who hears first that something is wrong: the one on call, or a customer whose order failed?
//!
//! The rule is the one of the shipped alerts, over two windows (*The Site Reliability Workbook*,
//! 2018, chapter 5), put to the counters of this run. Time is counted in batches of orders, as if
//! each were [`STEP`] of a quiet hour, so that nothing hangs on how fast this machine is.

use std::time::Duration;

use auth::testing::sign_up;
use diesel::connection::SimpleConnection;
use evidence::{Chart, ChartKind, Failure, Line, Outcome, Quantity, Scale, Stage, Unit};
use foundation::scratch::Scratch;
use foundation::testing::{Client, TestApp};
use futures_util::future::join_all;

use super::shop::{block_on, metric, order, put_on_sale};

const SKU: &str = "slow-to-sell";
/// What a batch stands for.
const STEP: &str = "five minutes";
/// Orders of a batch.
const BATCH: u64 = 5;
/// Batches before anything is wrong: the long window.
const HEALTHY: usize = 12;
/// The most slow batches that may pass before the rule is called deaf.
const MOST_SLOW: usize = 6;

/// What counts as late. The shipped rule says a second; a quick run counts a tenth.
#[derive(Clone, Copy)]
struct Objective {
    /// The bucket that orders in time fall into.
    bucket: &'static str,
    /// How long the row is held in a slow batch: longer than the objective.
    held: Duration,
}

fn objective(scale: Scale) -> Objective {
    match scale {
        Scale::Quick => Objective { bucket: "le=\"0.1\"", held: Duration::from_millis(110) },
        _ => Objective { bucket: "le=\"1\"", held: Duration::from_millis(1_050) },
    }
}

/// A burn-rate rule: it fires when the budget burns at `factor` times the rate that would just use
/// it up, over both windows; the short one lets it end soon after the trouble does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// Share of orders that may miss the objective.
    budget: f64,
    factor: f64,
    /// Windows in batches.
    long: usize,
    short: usize,
}

/// One hour and five minutes at 14.4 times, for one order in a hundred that may be slow.
const LATENCY: Rule = Rule { budget: 0.01, factor: 14.4, long: 12, short: 1 };
/// The same for one in a thousand that may fail.
const ERRORS: Rule = Rule { budget: 0.001, ..LATENCY };

/// Counters as they were after a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counted {
    all: f64,
    slow: f64,
    failed: f64,
}

impl Counted {
    fn since(self, before: Self) -> Self {
        let (all, slow) = (self.all - before.all, self.slow - before.slow);
        Self { all, slow, failed: self.failed - before.failed }
    }
}

impl Rule {
    /// Whether it fires after the last of these readings.
    fn fires(self, readings: &[Counted], missed: fn(&Counted) -> f64) -> bool {
        [self.long, self.short].into_iter().all(|window| {
            let (Some(now), Some(then)) =
                (readings.last(), readings.get(readings.len().saturating_sub(window + 1)))
            else {
                return false;
            };
            let all = now.all - then.all;
            all > 0.0 && (missed(now) - missed(then)) / all > self.factor * self.budget
        })
    }
}

/// Slows orders down, then makes them fail, and notes when each rule fired.
pub(super) fn burn(stage: &Stage, scratch: &Scratch, app: &TestApp) -> Outcome {
    let objective = objective(stage.scale());
    stage.step("Who hears of it first?");
    stage.note(format!(
        "{HEALTHY} batches of {BATCH} orders as usual, each standing for {STEP}; then the row is held \
         for {} in each batch, so that orders are late and none fails; then the database refuses them.",
        Quantity::duration(objective.held)
    ));
    put_on_sale(scratch, SKU, 4_990, 100_000)?;
    let buyer = sign_up(app, "patient").client;
    let mut run = Run {
        stage,
        scratch,
        app,
        before: counted(app, objective)?,
        buyer,
        objective,
        readings: vec![Counted::default()],
    };
    for _ in 0..HEALTHY {
        run.batch(Duration::ZERO)?;
    }
    let alerted = run.until_it_fires()?;
    let errors_alerted = ERRORS.fires(&run.readings, |counted| counted.failed);
    let before = run.readings.last().copied().unwrap_or_default();
    refuse_orders(scratch, true)?;
    run.batch(Duration::ZERO)?;
    refuse_orders(scratch, false)?;
    let after = run.readings.last().copied().unwrap_or_default();
    judge(stage, &run.readings, alerted, (before, after), errors_alerted);
    Ok(())
}

/// A sale under watch.
struct Run<'a> {
    stage: &'a Stage,
    scratch: &'a Scratch,
    app: &'a TestApp,
    buyer: Client,
    objective: Objective,
    /// What earlier steps of the demo left on the counters.
    before: Counted,
    readings: Vec<Counted>,
}

impl Run<'_> {
    /// One batch of orders, with the row held for so long, and the counters after it.
    fn batch(&mut self, held: Duration) -> Outcome {
        self.stage.go_on()?;
        let mut keeper = match held {
            Duration::ZERO => None,
            _ => Some(self.scratch.connect()?),
        };
        let mut keep = |statement: &str| match &mut keeper {
            Some(keeper) => keeper.batch_execute(statement),
            None => Ok(()),
        };
        keep(&format!("BEGIN; SELECT 1 FROM shop_stock WHERE sku = '{SKU}' FOR UPDATE"))?;
        let batch = self.readings.len();
        let keys: Vec<String> = (0..BATCH).map(|number| format!("{batch}-{number}")).collect();
        let buyer = &self.buyer;
        std::thread::scope(|scope| {
            let orders = scope
                .spawn(|| block_on(join_all(keys.iter().map(|key| order(buyer, SKU, key)))).len());
            while held > Duration::ZERO && self.app.metrics.in_flight.get() < BATCH.cast_signed() {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(held);
            let open = keep("ROLLBACK");
            orders.join().map_err(|_| "an order got no answer")?;
            open?;
            Ok::<_, Failure>(())
        })?;
        self.readings.push(counted(self.app, self.objective)?.since(self.before));
        Ok(())
    }

    /// Slow batches until the rule fires; tells after which.
    fn until_it_fires(&mut self) -> Result<Option<usize>, Failure> {
        for _ in 0..MOST_SLOW {
            self.batch(self.objective.held)?;
            if LATENCY.fires(&self.readings, |counted| counted.slow) {
                return Ok(Some(self.readings.len() - 1));
            }
        }
        Ok(None)
    }
}

/// What the server has counted of orders.
fn counted(app: &TestApp, objective: Objective) -> Result<Counted, Failure> {
    let of = |name: &str, labels: &[&str]| {
        metric(app, name, &[&["route=\"/api/v1/shop/orders\"", "method=\"POST\""], labels].concat())
    };
    let all = of("http_request_duration_seconds_count", &[])?;
    let slow = all - of("http_request_duration_seconds_bucket", &[objective.bucket])?;
    Ok(Counted { all, slow, failed: of("http_requests_total", &["status=\"5"])? })
}

/// From now on the database takes no order, as one whose disk is full.
fn refuse_orders(scratch: &Scratch, refuse: bool) -> Outcome {
    let statement = match refuse {
        true => "ALTER TABLE shop_orders ADD CONSTRAINT disk_full CHECK (false) NOT VALID",
        false => "ALTER TABLE shop_orders DROP CONSTRAINT disk_full",
    };
    scratch.connect()?.batch_execute(statement)?;
    Ok(())
}

fn judge(
    stage: &Stage,
    readings: &[Counted],
    alerted: Option<usize>,
    (before, after): (Counted, Counted),
    errors_alerted: bool,
) {
    let slow = alerted.map_or(0, |batch| batch - HEALTHY) as u64;
    stage.measure("alert-after", "slow batches until the alert", Quantity::count(slow));
    let failed = after.failed - before.failed;
    stage.measure("failed-after", "orders that failed after it", Quantity::count(failed as u64));
    stage.check(
        "the-alert-fires-before-the-first-failed-order",
        format!(
            "the latency budget's alert fired after {slow} slow batches, of {MOST_SLOW} that it may take, \
             when {} orders had failed; then the database was made to refuse: {failed} failed",
            before.failed
        ),
        alerted.is_some() && before.failed == 0.0 && failed > 0.0,
    );
    stage.check(
        "an-alert-on-errors-alone-hears-it-from-customers",
        "at that time the same rule over failed orders was silent; it fires once they fail",
        !errors_alerted && ERRORS.fires(readings, |counted| counted.failed),
    );
    stage.chart(chart(readings));
}

fn chart(readings: &[Counted]) -> Chart {
    let line = |label: &str, of: fn(&Counted) -> f64| Line {
        label: label.to_owned(),
        points: readings.iter().enumerate().map(|(batch, it)| (batch as f64, of(it))).collect(),
    };
    Chart {
        id: "alert".to_owned(),
        title: "Orders that were late, and that failed".to_owned(),
        axis: "orders so far".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Lines {
            x_axis: "batches".to_owned(),
            lines: vec![line("late", |it| it.slow), line("failed", |it| it.failed)],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(batches: &[(f64, f64)]) -> Vec<Counted> {
        let mut sum = Counted::default();
        let mut all = vec![sum];
        for (orders, slow) in batches {
            sum = Counted { all: sum.all + orders, slow: sum.slow + slow, failed: 0.0 };
            all.push(sum);
        }
        all
    }

    #[test]
    fn the_rule_fires_when_both_windows_burn_and_only_then() {
        let fires = |batches: &[(f64, f64)]| LATENCY.fires(&readings(batches), |it| it.slow);
        let healthy = [(5.0, 0.0); 12];
        assert!(!fires(&[]) && !fires(&healthy), "nothing is wrong");
        let with = |more: &[(f64, f64)]| [&healthy, more].concat();
        assert!(!fires(&with(&[(5.0, 5.0)])), "5 of 60 in the long window are 8.3 %");
        assert!(fires(&with(&[(5.0, 5.0), (5.0, 5.0)])), "10 of 60 are 16.7 %");
        let over = with(&[(5.0, 5.0), (5.0, 5.0), (5.0, 0.0)]);
        assert!(!fires(&over), "the short window says that it is over");
        assert!(!fires(&[(0.0, 0.0); 13]), "no orders, no ratio");
    }
}
