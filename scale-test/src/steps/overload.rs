//! A sale that more people come to than the server can serve: as much as it can, three times that,
//! and ten times that.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::replicas::settings;
use crate::Outcome;
use crate::database::{Database, SharedRedis};
use crate::fleet::Fleet;
use crate::orders::{Orders, SKU};
use crate::report::{Report, milliseconds};
use crate::run::Run;

/// How long each load lasts; the capacity is measured for as long.
const SECONDS: &str = "10";
/// Connections for writes. So few that the database, and not the cores, is what the server lacks:
/// ten times as many buyers as that need a core of their own, and there are two for all of it.
const WRITE_THREADS: &str = "2";
/// Goodput counts what was answered within this time.
const IN_TIME: Duration = Duration::from_secs(1);
/// A refusal that takes longer is a wait, too.
const AT_ONCE: Duration = Duration::from_millis(100);
/// Until then all is well again.
const RECOVERED: Duration = Duration::from_secs(5);
/// The part of the peak that has to remain, in percent.
const REMAINS: f64 = 80.0;

pub(crate) fn take(run: &Run, report: &mut Report) -> Outcome<()> {
    report.progress("PostgreSQL, Redis and a server start; a sale is held four times");
    let sale = hold(run, &[])?;
    report.figure(
        "capacity",
        "orders a second from 32 buyers, each as soon as the last was answered",
        format!("{:.0}", sale.capacity),
    );
    for load in &sale.loads {
        report.figure(load.id(), &format!("{} the capacity", load.factor), load.told());
    }
    bounds(report, &sale);
    report.progress("the same without admission control, as a control");
    let without = hold(run, &[("SHOP_CHECKOUTS_IN_FLIGHT", "0")])?;
    let broken = without.broken();
    report.check(
        "control",
        "control: without a bound on checkouts under way it breaks",
        if broken.is_empty() { "nothing".to_owned() } else { broken.join(", ") },
        !broken.is_empty(),
    );
    Ok(())
}

fn bounds(report: &mut Report, sale: &Sale) {
    report.check(
        "goodput",
        "of the peak remain, answered within a second, whatever comes: 80 % or more",
        sale.each(|load| format!("{:.0} %", sale.share(load))),
        sale.loads.iter().all(|load| sale.share(load) >= REMAINS),
    );
    report.check(
        "p99",
        "accepted orders take a second at the most (p99)",
        sale.each(|load| milliseconds(load.p99)),
        sale.loads.iter().all(|load| load.p99 <= IN_TIME),
    );
    report.check(
        "refused",
        "the others are refused within 100 ms (p99)",
        sale.each(|load| milliseconds(load.refusal_p99)),
        sale.loads.iter().all(|load| load.refusal_p99 <= AT_ONCE),
    );
    report.check(
        "told",
        "each refusal says when to come back, and nothing else goes wrong",
        sale.each(|load| format!("{} untold, {} failed", load.untold, load.failed)),
        sale.loads.iter().all(|load| load.untold == 0 && load.failed == 0),
    );
    report.check(
        "recovery",
        "after the load all is well again within 5 s",
        sale.each(|load| load.recovery.map_or("not within 8 s".to_owned(), milliseconds)),
        sale.loads.iter().all(Load::is_well_again),
    );
}

/// Starts everything, with these settings more, and lets the buyers come.
fn hold(run: &Run, more: &[(&'static str, &str)]) -> Outcome<Sale> {
    let database = Database::start(run, "main")?;
    let redis = SharedRedis::start(run)?;
    let mut all = vec![("REDIS_URL", redis.url()), ("DATABASE_WRITE_THREADS", WRITE_THREADS)];
    all.extend(more);
    let fleet = Fleet::start(run, settings(&database, 1, &all)?)?;
    if Orders::open(run, &fleet.base(0), &database)? != Orders::Shop {
        return Err("this backend has no shop".into());
    }
    let mut command = Command::new(&run.backend);
    command.args(["shop-sale", "--url", &fleet.base(0), "--sku", SKU]);
    command.args(["--capacity", "--seconds", SECONDS, "--json"]);
    let told = run.explain("replica-1", run.processes.output_of(&mut command))?;
    Sale::read(&told)
}

/// What the buyers found.
struct Sale {
    /// Orders a second in a closed loop.
    capacity: f64,
    /// By how much came, the least first.
    loads: Vec<Load>,
}

/// What one load found.
struct Load {
    /// Such as `3×`.
    factor: String,
    offered: u64,
    goodput: f64,
    p99: Duration,
    refused: u64,
    refusal_p99: Duration,
    late: u64,
    untold: u64,
    failed: u64,
    recovery: Option<Duration>,
}

impl Sale {
    /// Reads the events of `shop-sale --json`.
    fn read(told: &str) -> Outcome<Self> {
        let (mut capacity, mut columns, mut loads) = (None, Vec::new(), Vec::new());
        for line in told.lines() {
            let event: Value = serde_json::from_str(line)?;
            match event["event"].as_str() {
                Some("measurement") if event["id"] == "capacity" => {
                    capacity = event["value"]["value"].as_f64();
                }
                Some("ladder") => columns = strings(&event["columns"]),
                Some("rung") => loads.push(Load::read(&columns, &event)?),
                _ => {}
            }
        }
        let capacity = capacity.ok_or("shop-sale measured no capacity")?;
        if loads.len() == 3 {
            Ok(Self { capacity, loads })
        } else {
            Err(format!("shop-sale told of {} loads", loads.len()).into())
        }
    }

    /// In percent of the highest goodput of any load.
    fn share(&self, load: &Load) -> f64 {
        let peak = self.loads.iter().map(|load| load.goodput).fold(1.0, f64::max);
        100.0 * load.goodput / peak
    }

    fn each(&self, figure: impl Fn(&Load) -> String) -> String {
        self.loads.iter().map(figure).collect::<Vec<_>>().join(" / ")
    }

    /// The bounds that did not hold, in words.
    fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for load in &self.loads {
            let mut say = |held: bool, what: String| {
                if !held {
                    broken.push(format!("{}: {what}", load.factor));
                }
            };
            let share = self.share(load);
            say(share >= REMAINS, format!("{share:.0} % of the peak remain"));
            say(load.p99 <= IN_TIME, format!("orders take {}", milliseconds(load.p99)));
            let refusals = format!("refusals take {}", milliseconds(load.refusal_p99));
            say(load.refusal_p99 <= AT_ONCE, refusals);
            say(load.failed == 0, format!("{} failed", load.failed));
            say(load.is_well_again(), "not well again within 5 s".to_owned());
        }
        broken
    }
}

impl Load {
    fn read(columns: &[String], event: &Value) -> Outcome<Self> {
        let number = |name: &str| {
            let at = columns.iter().position(|column| column == name)?;
            event["cells"][at]["value"].as_f64()
        };
        let needed = |name: &str| number(name).ok_or(format!("shop-sale tells no {name}"));
        let count = |name: &str| needed(name).map(|number| number as u64);
        let time = |name: &str| needed(name).map(Duration::from_secs_f64);
        Ok(Self {
            factor: event["name"].as_str().unwrap_or_default().to_owned(),
            offered: count("offered")?,
            goodput: needed("goodput")?,
            p99: time("p99")?,
            refused: count("refused")?,
            refusal_p99: time("refusal p99")?,
            late: count("late")?,
            untold: count("untold")?,
            failed: count("failed")?,
            recovery: number("recovery").map(Duration::from_secs_f64),
        })
    }

    fn is_well_again(&self) -> bool {
        self.recovery.is_some_and(|time| time <= RECOVERED)
    }

    /// What prose calls it by.
    fn id(&self) -> &'static str {
        match self.factor.as_str() {
            "1×" => "once",
            "3×" => "three-times",
            _ => "ten-times",
        }
    }

    fn told(&self) -> String {
        let Self { offered, goodput, refused, late, .. } = self;
        format!(
            "{offered} came, {goodput:.0} orders a second in time, {refused} refused, {late} of them late"
        )
    }
}

fn strings(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &str = r#"["offered","goodput","p99","refused","refusal p99","late","untold","failed","recovery"]"#;

    fn told(recovery: &str) -> String {
        let cells = |goodput: u32| {
            let numbers = [1000, goodput, 1, 0, 0, 0, 0, 0];
            let cells = numbers.map(|number| format!(r#"{{"value":{number},"unit":"count"}}"#));
            format!("[{},{recovery}]", cells.join(","))
        };
        let rung = |name, goodput| {
            format!(r#"{{"event":"rung","name":"{name}","cells":{}}}"#, cells(goodput))
        };
        format!(
            "{{\"event\":\"measurement\",\"id\":\"capacity\",\"value\":{{\"value\":100.0}}}}\n\
             {{\"event\":\"ladder\",\"columns\":{COLUMNS}}}\n{}\n{}\n{}",
            rung("1×", 100),
            rung("3×", 90),
            rung("10×", 70)
        )
    }

    #[test]
    fn what_the_sale_told_is_held_against_each_bound() {
        let sale =
            Sale::read(&told(r#"{"value":0.5,"unit":"seconds"}"#)).unwrap_or_else(|_| panic!());
        assert_eq!(sale.broken(), ["10×: 70 % of the peak remain"]);
    }

    #[test]
    fn a_server_that_does_not_recover_has_broken_a_bound() {
        let sale = Sale::read(&told(r#""not yet""#)).unwrap_or_else(|_| panic!());
        assert_eq!(sale.broken().len(), 4);
    }
}
