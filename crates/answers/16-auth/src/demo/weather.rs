//! How hard the storm of log-ins blows on this machine, and what it left standing.

use std::time::{Duration, Instant};

use evidence::{Bar, Chart, ChartKind, Failure, Outcome, Quantity, Stage, Unit};

use super::storm::Seen;
use crate::{PasswordHash, tempting};

pub(super) const SERVED: &str = "served";
pub(super) const REFUSED: &str = "refused";

/// What somebody who reads still takes for at once.
const SLOW: Duration = Duration::from_millis(100);

/// A cost, and the time of one hash at it.
pub(super) struct Weather {
    pub(super) cost: u32,
    pub(super) hash: Duration,
}

/// The cheapest cost at which every one of a few hashes takes `least`, and the quickest of them: a
/// machine that is busy for the moment must not make the storm a breeze.
pub(super) fn of_this_machine(least: Duration) -> Result<Weather, Failure> {
    for cost in 4..=16 {
        let stored = PasswordHash::of_nobody(cost);
        let times = (0..5).map(|_| {
            let began = Instant::now();
            tempting::verify_here(stored.expose(), "correct horse battery");
            began.elapsed()
        });
        let quickest = |quickest: Duration, time| (time >= least).then(|| quickest.min(time));
        if let Some(hash) = times.into_iter().try_fold(Duration::MAX, quickest) {
            return Ok(Weather { cost, hash });
        }
    }
    Err("this machine hashes at cost 16 faster than any we know".into())
}

/// The ladder, the checks and the picture.
pub(super) fn report(stage: &Stage, log_ins: u64, seen: &[Seen]) -> Outcome {
    let columns =
        ["reads over 100 ms", "of", "reads' p99", "log-ins", "refused", "log-ins' median"];
    let title = format!("{log_ins} log-ins within {}", Quantity::duration(super::storm::BURST));
    let ladder = stage.ladder(title, &columns);
    for Seen { kind, name, log_ins, reads } in seen {
        let served = log_ins.classes.get(SERVED);
        let median = served.map(|times| evidence::statistics::percentile(times, 50.0));
        let cells = [
            Quantity::count(reads.slower_than(SLOW)),
            Quantity::count(reads.started),
            Quantity::duration(reads.percentile(99.0)),
            Quantity::count(log_ins.count(SERVED)),
            Quantity::count(log_ins.count(REFUSED)),
            Quantity::duration(median.unwrap_or_default()),
        ];
        ladder.rung(*kind, *name, cells.map(Into::into).to_vec());
    }
    judge(stage, log_ins, seen)?;
    stage.chart(chart(seen));
    Ok(())
}

fn judge(stage: &Stage, all: u64, seen: &[Seen]) -> Outcome {
    let [worker, database, pool, lane, _] = seen else { return Err("five rungs".into()) };
    for (id, seen) in [("worker", worker), ("database", database), ("pool", pool), ("lane", lane)] {
        let slow = Quantity::count(seen.reads.slower_than(SLOW));
        stage.measure(&format!("slow-{id}"), format!("slow reads, log-ins {}", seen.name), slow);
    }
    let slow = |seen: &Seen| seen.reads.slower_than(SLOW);
    stage.check(
        "log-ins-on-the-worker-stop-reads",
        format!("with log-ins on the async worker {} reads are slow", slow(worker)),
        slow(worker) > worker.reads.started / 10,
    );
    stage.check(
        "log-ins-on-database-threads-stop-reads",
        format!("with log-ins on the database threads {} are", slow(database)),
        slow(database) > database.reads.started / 10,
    );
    stage.check(
        "the-pool-takes-them-all",
        format!("the blocking pool turns none of {all} away, so each waits for all"),
        pool.log_ins.count(SERVED) == all,
    );
    let (served, refused) = (lane.log_ins.count(SERVED), lane.log_ins.count(REFUSED));
    stage.measure(
        "storm-served",
        "log-ins of the storm served by the lane",
        Quantity::count(served),
    );
    stage.measure("storm-refused", "log-ins refused by the lane", Quantity::count(refused));
    stage.check(
        "the-lane-sheds",
        format!("the lane serves {served} and tells {refused} when to come again"),
        served > 0 && refused > 0 && served + refused == all,
    );
    stage.check(
        "the-lane-lets-reads-go-on",
        format!("beside the lane {} reads are slow", slow(lane)),
        2 * slow(lane) < slow(worker).min(slow(database))
            && lane.reads.count(SERVED) == lane.reads.started,
    );
    Ok(())
}

fn chart(seen: &[Seen]) -> Chart {
    let bars = seen.iter().map(|one| Bar {
        label: format!("log-ins {}", one.name),
        value: Quantity::count(one.reads.slower_than(SLOW)).value,
        spread: None,
        rung: Some(one.kind),
    });
    Chart {
        id: "storm".to_owned(),
        title: "Reads that took longer than 100 ms during a storm of log-ins".to_owned(),
        axis: "slow reads".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: false },
    }
}
