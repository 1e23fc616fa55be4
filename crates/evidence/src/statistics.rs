//! Numbers from repeated samples, with the interval that says how far to trust them.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::{Cell, Comparison, Event, Failure, Lower, Measurement, Outcome, Quantity, Stage};

/// Below this many rounds two identical variants stay apart by luck too often: with 3 samples
/// each, 1 time in 10; with 4, 1 in 35 (2 · 4! · 4! / 8!).
const FEWEST_ROUNDS_FOR_A_VERDICT: u32 = 4;

/// The median of `samples` and its 95 % interval, in seconds.
///
/// The interval is the one of order statistics: it assumes nothing about the distribution, which
/// for latencies is never normal (J.-Y. Le Boudec, *Performance Evaluation of Computer and
/// Communication Systems*, 2010, theorem 2.1 and appendix A). Fewer than 6 samples cannot carry
/// 95 %; the interval is then the smallest and the largest one. No samples give zeros.
#[must_use]
pub fn median_of(id: impl Into<String>, label: String, samples: &[Duration]) -> Measurement {
    let mut seconds: Vec<f64> = samples.iter().map(Duration::as_secs_f64).collect();
    seconds.sort_by(f64::total_cmp);
    let (low, high) = interval_ranks(seconds.len());
    let at = |rank: usize| seconds.get(rank).copied().unwrap_or(0.0);
    Measurement {
        id: id.into(),
        label,
        value: Quantity { value: median(&seconds), unit: crate::Unit::Seconds },
        low: at(low),
        high: at(high),
        samples: u32::try_from(samples.len()).unwrap_or(u32::MAX),
    }
}

impl Cell {
    /// The median of times and its 95 % interval, such as `618 µs (601–723 µs)`.
    #[must_use]
    pub fn times(samples: &[Duration]) -> Self {
        let measured = median_of("", String::new(), samples);
        let [low, high] = [measured.low, measured.high]
            .map(|value| Quantity { value, ..measured.value }.to_string());
        let unit = high.rsplit(' ').next().unwrap_or_default();
        let low = low.strip_suffix(unit).map_or(&*low, str::trim_end);
        format!("{} ({low}–{high})", measured.value).into()
    }
}

/// The middle of sorted values; the mean of the middle two where their number is even.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted {
        [] => 0.0,
        _ if sorted.len() % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// Ranks, counted from 0, of the order statistics that enclose the median with at least 95 %: each
/// tail of Binomial(n, ½) outside them weighs at most 2.5 %.
fn interval_ranks(count: usize) -> (usize, usize) {
    let mut term = 0.5_f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
    if term == 0.0 {
        return wide_interval_ranks(count);
    }
    let mut tail = term;
    let mut rank = 0;
    for chosen in 1..=count / 2 {
        if tail > 0.025 {
            break;
        }
        rank = chosen - 1;
        term *= (count - chosen + 1) as f64 / chosen as f64;
        tail += term;
    }
    (rank, count.saturating_sub(rank + 1))
}

/// The normal approximation (same source, n ≥ 71); used where ½ⁿ is below the smallest float.
fn wide_interval_ranks(count: usize) -> (usize, usize) {
    let half = count as f64 / 2.0;
    let rank = (half - 0.98 * (count as f64).sqrt()).floor().max(1.0) as usize - 1;
    (rank, count - rank - 1)
}

/// Which of two measurements is lower; [`Lower::NoVerdict`] when their intervals overlap or there
/// were fewer than 4 samples of either.
#[must_use]
pub fn verdict(left: &Measurement, right: &Measurement) -> Lower {
    if left.samples.min(right.samples) < FEWEST_ROUNDS_FOR_A_VERDICT {
        Lower::NoVerdict
    } else if left.high < right.low {
        Lower::Left
    } else if right.high < left.low {
        Lower::Right
    } else {
        Lower::NoVerdict
    }
}

impl Stage {
    /// Runs two variants alternately and tells which is faster, or that this cannot be told: each
    /// once to warm up, then `rounds` times. The times inform the reader; they never decide a check.
    ///
    /// # Errors
    /// Whatever a variant returns, and [`crate::Interrupted`].
    pub fn compare(
        &self,
        id: &str,
        label: &str,
        rounds: u32,
        left: (&str, &mut dyn FnMut() -> Outcome),
        right: (&str, &mut dyn FnMut() -> Outcome),
    ) -> Result<Comparison, Failure> {
        let ((left_name, left), (right_name, right)) = (left, right);
        let (left_times, right_times) = self.in_turns(rounds, left, right)?;
        let left = median_of(format!("{id}.left"), left_name.to_owned(), &left_times);
        let right = median_of(format!("{id}.right"), right_name.to_owned(), &right_times);
        let verdict = verdict(&left, &right);
        let comparison =
            Comparison { id: id.to_owned(), label: label.to_owned(), left, right, verdict };
        self.emit(&Event::Comparison(comparison.clone()));
        Ok(comparison)
    }

    /// The one that goes first changes every round, so that neither always finds the caches as the
    /// other left them.
    fn in_turns(
        &self,
        rounds: u32,
        left: &mut dyn FnMut() -> Outcome,
        right: &mut dyn FnMut() -> Outcome,
    ) -> Result<(Vec<Duration>, Vec<Duration>), Failure> {
        left()?;
        right()?;
        let (mut left_times, mut right_times) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            self.go_on()?;
            if round % 2 == 0 {
                left_times.push(time(left)?);
                right_times.push(time(right)?);
            } else {
                right_times.push(time(right)?);
                left_times.push(time(left)?);
            }
        }
        Ok((left_times, right_times))
    }
}

fn time(variant: &mut dyn FnMut() -> Outcome) -> Result<Duration, Failure> {
    let began = Instant::now();
    variant()?;
    Ok(began.elapsed())
}

/// Latencies in microseconds with three significant digits, which is finer than they repeat.
pub type Latencies = Histogram<u64>;

/// An empty histogram of latencies; it grows to whatever is recorded.
#[must_use]
pub fn latencies() -> Latencies {
    // 3 is within the accepted 0 to 5, and an auto-resizing histogram has no bounds to get wrong.
    Histogram::new(3).unwrap_or_else(|_| unreachable!("3 significant digits are valid"))
}

/// Adds one latency. Anything below a microsecond counts as one.
pub fn record(latencies: &mut Latencies, latency: Duration) {
    let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).max(1);
    // `record`, as `saturating_record` clamps to the present size instead of growing; it fails
    // only where the counts outgrow the address space.
    let _ = latencies.record(micros);
}

/// The latency that `percent` of the samples do not exceed, such as `99.0`; zero without samples.
#[must_use]
pub fn percentile(latencies: &Latencies, percent: f64) -> Duration {
    Duration::from_micros(latencies.value_at_percentile(percent))
}

/// How many samples took longer than `threshold`: a count, so fit to decide a check.
#[must_use]
pub fn slower_than(latencies: &Latencies, threshold: Duration) -> u64 {
    let threshold = u64::try_from(threshold.as_micros()).unwrap_or(u64::MAX);
    latencies.len() - latencies.count_between(0, threshold)
}

/// Bins for a [`crate::ChartKind::Histogram`] of latencies: upper edges in seconds, each twice the
/// one before, from the smallest sample to the largest.
#[must_use]
pub fn doubling_bins(latencies: &Latencies) -> Vec<(f64, u64)> {
    let first = latencies.min().max(1);
    latencies
        .iter_log(first, 2.0)
        .map(|step| {
            let edge = Duration::from_micros(step.value_iterated_to());
            (edge.as_secs_f64(), step.count_since_last_iteration())
        })
        .collect()
}

#[cfg(test)]
mod tests;
