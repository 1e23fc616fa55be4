//! What was measured, and the medians of it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::plan::{Contender, Workload};

/// One cell in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) max: Duration,
}

/// What requests cost at a modest, paced rate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) sample: Sample,
    /// CPU time of the server for each request.
    pub(crate) server: Duration,
    /// CPU time of PostgreSQL for each request.
    pub(crate) database: Duration,
}

/// Liveness while something weighs on the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Liveness {
    pub(crate) p99: Duration,
    pub(crate) probes: u64,
    pub(crate) failed: u64,
}

/// What became of the crowd of one round, and of liveness meanwhile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visits {
    pub(crate) served: usize,
    pub(crate) refused: usize,
    pub(crate) liveness: Liveness,
}

/// What is served when more is offered than can be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surge {
    /// How many times the peak was offered.
    pub(crate) factor: u32,
    /// Successes per second.
    pub(crate) goodput: f64,
    /// Requests that got 503.
    pub(crate) refused: u64,
    /// From the moment each was due to its 503.
    pub(crate) refused_p99: Duration,
    pub(crate) refused_slowest: Duration,
    /// Neither served nor refused: failed, too late, or never started by the generator.
    pub(crate) other: u64,
}

/// Surges on one route.
#[derive(Debug)]
pub(crate) struct Overload {
    pub(crate) title: &'static str,
    /// Successes per second in a closed loop.
    pub(crate) peak: f64,
    pub(crate) surges: Vec<Surge>,
}

/// Reads beside a crowd, and what became of it, for each round.
#[derive(Debug, Default)]
pub(crate) struct Crowded {
    pub(crate) reads: Vec<Sample>,
    pub(crate) visits: Vec<Visits>,
}

/// Point reads alone and beside what weighs on the server, a sample for each round.
#[derive(Debug, Default)]
pub(crate) struct Pressure {
    pub(crate) alone: Vec<Sample>,
    pub(crate) beside_statements: Vec<Sample>,
    pub(crate) sign_ups: Crowded,
    pub(crate) log_ins: Crowded,
    pub(crate) overloads: Vec<Overload>,
}

/// Workload, who, and connections at once.
pub(crate) type Cell = (Workload, Contender, u32);

/// All of a run.
#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) samples: BTreeMap<Cell, Vec<Sample>>,
    pub(crate) costs: BTreeMap<(Workload, Contender), Cost>,
    /// Resident memory in bytes before the first round and after the last.
    pub(crate) memory: BTreeMap<Contender, (u64, u64)>,
    /// `None` when it was left out.
    pub(crate) pressure: Option<Pressure>,
}

/// A median with the lowest and the highest of the rounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) lowest: f64,
    pub(crate) median: f64,
    pub(crate) highest: f64,
}

impl Results {
    /// Spread over the rounds of one quantity; `None` for a cell that was not measured.
    pub(crate) fn spread(&self, cell: Cell, quantity: impl Fn(&Sample) -> f64) -> Option<Spread> {
        spread_of(self.samples.get(&cell)?, quantity)
    }

    /// Median requests per second.
    pub(crate) fn rate(&self, cell: Cell) -> Option<f64> {
        self.spread(cell, |sample| sample.per_second).map(|spread| spread.median)
    }
}

/// Spread of one quantity of the samples; `None` without any.
pub(crate) fn spread_of<T>(samples: &[T], quantity: impl Fn(&T) -> f64) -> Option<Spread> {
    let mut values: Vec<f64> = samples.iter().map(quantity).collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let median = if values.len().is_multiple_of(2) {
        f64::midpoint(*values.get(middle.checked_sub(1)?)?, *values.get(middle)?)
    } else {
        *values.get(middle)?
    };
    Some(Spread { lowest: *values.first()?, median, highest: *values.last()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn median_of(rates: &[f64]) -> Option<f64> {
        let sample = |&per_second| Sample {
            per_second,
            p50: Duration::ZERO,
            p99: Duration::ZERO,
            max: Duration::ZERO,
        };
        let cell = (Workload::Read, Contender::Backend, 8);
        let samples = [(cell, rates.iter().map(sample).collect())].into();
        Results { samples, ..Results::default() }.rate(cell)
    }

    #[test]
    fn the_median_of_an_odd_number_of_rounds_is_one_of_them_and_of_an_even_number_between_two() {
        assert_eq!(median_of(&[30.0, 10.0, 20.0]), Some(20.0));
        assert_eq!(median_of(&[10.0, 20.0]), Some(15.0));
        assert_eq!(median_of(&[7.0]), Some(7.0));
        assert_eq!(median_of(&[]), None);
    }
}
