//! Times: every way in turn, many rounds, so that whatever the machine does meanwhile hits all of
//! them. They are shown and decide nothing.

use std::time::Duration;

use evidence::statistics::{self, Latencies, median_of};
use evidence::{Bar, Chart, ChartKind, Failure, Stage, TimelineRow, Unit};

use super::Site;
use crate::cost::Cost;
use crate::steps::{Handler, STEPS};

/// The times of one way.
#[derive(Debug)]
pub(super) struct Timed {
    latencies: Latencies,
    samples: Vec<Duration>,
    cpu: Latencies,
}

impl Timed {
    /// The time that `percent` of the requests did not exceed.
    pub(super) fn percentile(&self, percent: f64) -> Duration {
        statistics::percentile(&self.latencies, percent)
    }

    /// Median processor time of a request.
    pub(super) fn cpu(&self) -> Duration {
        statistics::percentile(&self.cpu, 50.0)
    }

    fn add(&mut self, cost: Cost) {
        statistics::record(&mut self.latencies, cost.elapsed);
        self.samples.push(cost.elapsed);
        statistics::record(&mut self.cpu, cost.cpu);
    }
}

/// Times all ways, one request of each in turn. The cache starts empty, so its first round misses.
pub(super) fn time(stage: &Stage, site: &mut Site<'_>) -> Result<Vec<Timed>, Failure> {
    let size = site.size;
    let mut handlers: Vec<Handler> = STEPS.iter().map(|step| (step.handler)()).collect();
    let mut timed: Vec<Timed> = STEPS
        .iter()
        .map(|_| Timed {
            latencies: statistics::latencies(),
            samples: Vec::new(),
            cpu: statistics::latencies(),
        })
        .collect();
    let mut progress =
        stage.progress("time all ways in turn", size.requests() * STEPS.len() as u64, "reports");
    for round in 0..size.rounds {
        for country in size.names() {
            for turn in 0..STEPS.len() {
                // Another one goes first in each round: the caches of the machine favour nobody.
                let step = (turn + round as usize) % STEPS.len();
                let Site { connection, meter, .. } = site;
                let (body, cost) = meter.cost_of(|| handlers[step](connection, &country));
                body?;
                timed[step].add(cost);
                progress.advance(1)?;
            }
        }
    }
    Ok(timed)
}

/// Draws both pictures: the times as they are, and what each step took off.
pub(super) fn chart(stage: &Stage, timed: &[Timed]) {
    let bars = STEPS.iter().zip(timed).map(|(step, timed)| {
        let median = median_of("", String::new(), &timed.samples);
        Bar {
            label: step.name.to_owned(),
            value: median.value.value,
            spread: Some((median.low, median.high)),
            rung: Some(step.kind),
        }
    });
    stage.chart(Chart {
        id: "latency".to_owned(),
        title: "Median time of one report, with its 95 % interval".to_owned(),
        axis: "time per request".to_owned(),
        unit: Unit::Seconds,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: false },
    });
    let medians: Vec<f64> =
        timed.iter().map(|timed| timed.percentile(50.0).as_secs_f64()).collect();
    stage.chart(Chart {
        id: "waterfall".to_owned(),
        title: "What each step took off the median, and what remains".to_owned(),
        axis: "time per request".to_owned(),
        unit: Unit::Seconds,
        kind: ChartKind::Timeline { rows: waterfall(&medians) },
    });
}

/// From the whole request down to what is left, one row per step, without the other road.
fn waterfall(medians: &[f64]) -> Vec<TimelineRow> {
    let steps = &STEPS[..STEPS.len() - 1];
    let row = |label: String, from: f64, to: f64| TimelineRow {
        label,
        spans: vec![(rounded(from), rounded(to))],
    };
    let mut rows = vec![row(steps[0].name.to_owned(), 0.0, medians[0])];
    for ((step, before), after) in steps.iter().skip(1).zip(medians).zip(&medians[1..]) {
        let sign = if after <= before { '−' } else { '+' };
        let label = format!("{sign} {}", step.name);
        rows.push(row(label, before.min(*after), before.max(*after)));
    }
    rows.push(row("remains on a miss".to_owned(), 0.0, medians[3]));
    rows
}

/// Seconds without digits that nobody could see: to ten microseconds.
pub(super) fn rounded(seconds: f64) -> f64 {
    (seconds * 1e5).round() / 1e5
}
