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

/// Workload, who, and connections at once.
pub(crate) type Cell = (Workload, Contender, u32);

/// All of a run.
#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) samples: BTreeMap<Cell, Vec<Sample>>,
    pub(crate) costs: BTreeMap<(Workload, Contender), Cost>,
    /// Resident memory in bytes before the first round and after the last.
    pub(crate) memory: BTreeMap<Contender, (u64, u64)>,
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
        let mut values: Vec<f64> = self.samples.get(&cell)?.iter().map(quantity).collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = if values.len().is_multiple_of(2) {
            f64::midpoint(*values.get(middle.checked_sub(1)?)?, *values.get(middle)?)
        } else {
            *values.get(middle)?
        };
        Some(Spread { lowest: *values.first()?, median, highest: *values.last()? })
    }

    /// Median requests per second.
    pub(crate) fn rate(&self, cell: Cell) -> Option<f64> {
        self.spread(cell, |sample| sample.per_second).map(|spread| spread.median)
    }
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
