//! Load that does not wait for the server: an open loop.
//!
//! A closed loop sends the next request when the last one came back, so a stalled server is spared
//! the requests that would have come meanwhile, and the percentiles look fine. Gil Tene named this
//! *coordinated omission* ("How NOT to Measure Latency", Strange Loop 2015). Here requests start by
//! the clock, and latency counts from the moment a request *should* have started.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::Instant;

use crate::statistics::{self, Latencies};

/// How much load, for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadPlan {
    /// Requests per second, evenly spaced; must be above 0.
    pub rate_per_second: f64,
    /// How long requests are started; those in flight are then waited for.
    pub duration: Duration,
    /// Requests that may be under way at once. One that is due beyond them is not started, and
    /// counted in [`LoadReport::not_started`].
    pub max_in_flight: usize,
}

/// What became of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The class it is counted under, such as `201`, `503` or `timeout`.
    pub class: Cow<'static, str>,
}

impl Sample {
    /// A request that ended in a named way, such as `timeout`.
    pub fn class(class: impl Into<Cow<'static, str>>) -> Self {
        Self { class: class.into() }
    }

    /// A request that was answered with an HTTP status.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::class(status.to_string())
    }
}

/// What a load did.
#[derive(Clone, Debug)]
pub struct LoadReport {
    /// Requests per second that the plan asked for.
    pub offered_per_second: f64,
    /// Requests per second that ended, from the first start to the last end.
    pub achieved_per_second: f64,
    /// Requests that were started; all of them ended.
    pub started: u64,
    /// Requests that were due while [`LoadPlan::max_in_flight`] others were under way.
    pub not_started: u64,
    /// Latencies by class, each from the intended start to the end.
    pub classes: BTreeMap<String, Latencies>,
    /// Latencies of all classes together.
    pub latencies: Latencies,
    /// From the first intended start to the last end.
    pub took: Duration,
}

impl LoadReport {
    fn new(plan: &LoadPlan) -> Self {
        Self {
            offered_per_second: plan.rate_per_second,
            achieved_per_second: 0.0,
            started: 0,
            not_started: 0,
            classes: BTreeMap::new(),
            latencies: statistics::latencies(),
            took: Duration::ZERO,
        }
    }

    fn add(&mut self, sample: &Sample, latency: Duration) {
        let class = sample.class.clone().into_owned();
        let of_class = self.classes.entry(class).or_insert_with(statistics::latencies);
        statistics::record(of_class, latency);
        statistics::record(&mut self.latencies, latency);
    }

    fn close(&mut self, took: Duration) {
        self.took = took;
        self.achieved_per_second = self.latencies.len() as f64 / took.as_secs_f64().max(1e-9);
    }

    /// How many requests ended in `class`.
    #[must_use]
    pub fn count(&self, class: &str) -> u64 {
        self.classes.get(class).map_or(0, Latencies::len)
    }

    /// The latency that `percent` of all requests did not exceed.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Duration {
        statistics::percentile(&self.latencies, percent)
    }

    /// How many requests took longer than `threshold`.
    #[must_use]
    pub fn slower_than(&self, threshold: Duration) -> u64 {
        statistics::slower_than(&self.latencies, threshold)
    }
}

/// Starts requests at a steady rate, whether or not earlier ones have come back.
///
/// `request` gets the sequence number, from 0. Give each request a deadline of its own: the report
/// waits for all of them. Nothing is spawned, so futures need not be `Send` and this runs on an
/// actix worker as well as on a current-thread runtime.
pub async fn open_loop<F, R>(plan: LoadPlan, request: F) -> LoadReport
where
    F: FnMut(u64) -> R,
    R: Future<Output = Sample>,
{
    let mut reports = open_loop_phases(&[plan], request).await;
    reports.pop().unwrap_or_else(|| LoadReport::new(&plan))
}

/// Like [`open_loop`] for a load that changes: the next phase begins by the clock, with the
/// requests of the last one still in flight. Each request counts for the phase it was due in.
pub async fn open_loop_phases<F, R>(phases: &[LoadPlan], mut request: F) -> Vec<LoadReport>
where
    F: FnMut(u64) -> R,
    R: Future<Output = Sample>,
{
    let mut reports: Vec<LoadReport> = phases.iter().map(LoadReport::new).collect();
    let mut ends = vec![Instant::now(); phases.len()];
    let mut in_flight = FuturesUnordered::new();
    let mut begins = Vec::with_capacity(phases.len());
    let mut sequence = 0;
    let mut begin = Instant::now();
    for (phase, plan) in phases.iter().enumerate() {
        begins.push(begin);
        for step in 0..starts(plan) {
            let due = begin + offset(plan, step);
            loop {
                tokio::select! {
                    // Ends first: a place that is free again must be seen before it is needed.
                    biased;
                    Some((phase, sample, latency)) = in_flight.next(), if !in_flight.is_empty() =>
                        settle(&mut reports, &mut ends, phase, &sample, latency),
                    () = tokio::time::sleep_until(due) => break,
                }
            }
            if in_flight.len() < plan.max_in_flight {
                reports[phase].started += 1;
                let answer = request(sequence);
                in_flight.push(async move { (phase, answer.await, due.elapsed()) });
            } else {
                reports[phase].not_started += 1;
            }
            sequence += 1;
        }
        begin += plan.duration;
    }
    while let Some((phase, sample, latency)) = in_flight.next().await {
        settle(&mut reports, &mut ends, phase, &sample, latency);
    }
    for ((report, begin), end) in reports.iter_mut().zip(begins).zip(ends) {
        report.close(end.saturating_duration_since(begin));
    }
    reports
}

fn settle(
    reports: &mut [LoadReport],
    ends: &mut [Instant],
    phase: usize,
    sample: &Sample,
    latency: Duration,
) {
    reports[phase].add(sample, latency);
    ends[phase] = Instant::now();
}

fn starts(plan: &LoadPlan) -> u64 {
    (plan.rate_per_second * plan.duration.as_secs_f64()).round() as u64
}

fn offset(plan: &LoadPlan, step: u64) -> Duration {
    Duration::from_secs_f64(step as f64 / plan.rate_per_second)
}

#[cfg(test)]
mod tests;
