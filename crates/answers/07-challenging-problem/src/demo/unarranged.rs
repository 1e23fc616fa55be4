//! The same race as it comes: how fast, and how often nothing seems to be wrong.

use std::time::Duration;

use evidence::{
    Bar, Cell, Chart, ChartKind, Failure, Outcome, Quantity, RungKind, Scale, Stage, Unit,
    statistics,
};

use super::{BUYERS, STOCK, race, run};
use crate::attempts::{ATTEMPTS, Attempt};
use crate::race::{Arrangement, Hall, Race, Seen};

/// How often each attempt is run; they take turns.
pub(super) fn rounds(scale: Scale) -> u32 {
    match scale {
        Scale::Quick => 1,
        Scale::Default => 10,
        Scale::Full => 60,
    }
}

fn buyers(scale: Scale) -> u32 {
    if scale == Scale::Quick { 200 } else { BUYERS }
}

/// All runs of one attempt.
struct Runs {
    attempt: &'static Attempt,
    buyers: u32,
    seen: Vec<Seen>,
}

/// Climbs the ladder.
pub(super) fn climb(stage: &Stage, hall: &mut Hall<'_>) -> Outcome {
    let (rounds, buyers) = (rounds(stage.scale()), buyers(stage.scale()));
    stage.step(format!("The same race as it comes, {rounds} times each"));
    let mut all: Vec<Runs> =
        ATTEMPTS.iter().map(|attempt| Runs { attempt, buyers, seen: Vec::new() }).collect();
    let total = u64::from(rounds) * all.len() as u64;
    let mut bar = stage.progress("races", total, "races");
    for _ in 0..rounds {
        for Runs { attempt, seen, .. } in &mut all {
            let race = Race { buyers, ..race(attempt, Arrangement::AsItComes) };
            seen.extend(run(hall, attempt, &race)?);
            bar.advance(1)?;
        }
    }
    drop(bar);
    let columns = ["units wrong", "errors", "buyers/s", "interval", "p99"];
    let ladder = stage.ladder(
        format!("{STOCK} units, {buyers} buyers, nothing arranged, {rounds} runs"),
        &columns,
    );
    for runs in &all {
        ladder.rung(runs.attempt.kind, runs.attempt.name, runs.cells());
    }
    for runs in all.iter().filter(|runs| !runs.seen.is_empty()) {
        let label = format!("{buyers} buyers served: {}", runs.attempt.name);
        stage.measure_times(&format!("time-{}", runs.attempt.id), label, &runs.times());
    }
    judge(stage, &all)?;
    stage.chart(chart(&all, buyers));
    Ok(())
}

impl Runs {
    fn times(&self) -> Vec<Duration> {
        self.seen.iter().map(|seen| seen.took).collect()
    }

    /// Buyers per second: the median and its interval.
    fn rate(&self) -> (f64, f64, f64) {
        let times = statistics::median_of(self.attempt.id, String::new(), &self.times());
        let rate = |seconds: f64| f64::from(self.buyers) / seconds.max(f64::MIN_POSITIVE);
        (rate(times.value.value), rate(times.high), rate(times.low))
    }

    fn p99(&self) -> Duration {
        let mut latencies = statistics::latencies();
        for latency in self.seen.iter().flat_map(|seen| &seen.latencies) {
            statistics::record(&mut latencies, *latency);
        }
        statistics::percentile(&latencies, 99.0)
    }

    /// A count in the worst run.
    fn worst(&self, count: impl Fn(&Seen) -> u64) -> u64 {
        self.seen.iter().map(count).max().unwrap_or(0)
    }

    /// Units sold too often, or not at all.
    fn wrong(&self) -> u64 {
        self.worst(|seen| seen.sold.abs_diff(seen.stock))
    }

    fn cells(&self) -> Vec<Cell> {
        if self.seen.is_empty() {
            return vec!["no Redis".into(); 5];
        }
        let (rate, low, high) = self.rate();
        let [rate, low, high] = [rate, low, high].map(|rate| Quantity::count(rate as u64));
        vec![
            Quantity::count(self.wrong()).into(),
            Quantity::count(self.worst(|seen| seen.errors)).into(),
            rate.into(),
            format!("{low}–{high}").into(),
            Quantity::duration(self.p99()).into(),
        ]
    }
}

fn judge(stage: &Stage, all: &[Runs]) -> Result<(), Failure> {
    let right = |runs: &&Runs| matches!(runs.attempt.kind, RungKind::Right | RungKind::Costly);
    let runs: Vec<&Seen> = all.iter().filter(right).flat_map(|runs| &runs.seen).collect();
    let exact = runs.iter().filter(|seen| seen.sold_exactly_the_stock()).count();
    stage.check(
        "right-attempts-sell-exactly-the-stock-as-it-comes",
        format!("{exact} of {} unarranged runs sell exactly {STOCK} units", runs.len()),
        !runs.is_empty() && exact == runs.len(),
    );
    let wrong = all.first().ok_or("there are attempts")?;
    stage.measure(
        "unarranged-read-then-write",
        "units oversold as it comes, in the worst run: read, then write",
        Quantity::count(wrong.wrong()),
    );
    Ok(())
}

fn chart(all: &[Runs], buyers: u32) -> Chart {
    let bars = all.iter().filter(|runs| !runs.seen.is_empty()).map(|runs| {
        let (value, low, high) = runs.rate();
        Bar {
            label: runs.attempt.name.to_owned(),
            value,
            spread: Some((low, high)),
            rung: Some(runs.attempt.kind),
        }
    });
    Chart {
        id: "rate".to_owned(),
        title: format!("Buyers served a second, {STOCK} units for {buyers} buyers"),
        axis: "buyers a second".to_owned(),
        unit: Unit::PerSecond,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: false },
    }
}
