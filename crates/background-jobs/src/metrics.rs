//! What the workers count.

use std::time::Duration;

use foundation::metrics::Metrics;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts};

use crate::admin::Depth;

/// How an attempt ended, as the metric names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Done,
    Failed,
    Dead,
    /// The lease was lost; somebody else has the job.
    Lost,
    GivenBack,
}

impl Ended {
    const fn label(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Lost => "lost",
            Self::GivenBack => "given_back",
        }
    }
}

/// From five milliseconds to five minutes, as jobs do what requests have no time for.
const BUCKETS: [f64; 10] = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0];

#[derive(Clone, Debug)]
pub(crate) struct JobMetrics {
    ended: IntCounterVec,
    seconds: HistogramVec,
    waiting: IntGaugeVec,
    running: IntGaugeVec,
    dead: IntGaugeVec,
    oldest: IntGaugeVec,
}

impl JobMetrics {
    pub(crate) fn register(metrics: &Metrics) -> Result<Self, prometheus::Error> {
        let gauge = |name, help| IntGaugeVec::new(Opts::new(name, help), &["kind"]);
        let ended = Opts::new("background_jobs_attempts_total", "Attempts of this process by end");
        let seconds = HistogramOpts::new("background_jobs_attempt_seconds", "Time of an attempt");
        let made = Self {
            ended: IntCounterVec::new(ended, &["kind", "end"])?,
            seconds: HistogramVec::new(seconds.buckets(BUCKETS.to_vec()), &["kind"])?,
            waiting: gauge("background_jobs_waiting", "Jobs not yet claimed, of all processes")?,
            running: gauge("background_jobs_running", "Jobs under a lease, of all processes")?,
            dead: gauge("background_jobs_dead", "Dead letters that nobody has replayed")?,
            oldest: gauge(
                "background_jobs_oldest_due_seconds",
                "How long the oldest due job has waited for a worker",
            )?,
        };
        metrics.register(made.ended.clone())?;
        metrics.register(made.seconds.clone())?;
        metrics.register(made.waiting.clone())?;
        metrics.register(made.running.clone())?;
        metrics.register(made.dead.clone())?;
        metrics.register(made.oldest.clone())?;
        Ok(made)
    }

    pub(crate) fn ended(&self, kind: &str, end: Ended) {
        self.ended.with_label_values(&[kind, end.label()]).inc();
    }

    pub(crate) fn took(&self, kind: &str, time: Duration) {
        self.seconds.with_label_values(&[kind]).observe(time.as_secs_f64());
    }

    /// Kinds that are gone would stay at their last value, so all are forgotten first; those that
    /// this process does show as 0, as an alert cannot tell a metric that is not there from none.
    pub(crate) fn measured<'kind>(
        &self,
        depths: &[Depth],
        known: impl Iterator<Item = &'kind str>,
    ) {
        for gauge in [&self.waiting, &self.running, &self.dead, &self.oldest] {
            gauge.reset();
        }
        known.for_each(|kind| self.set(kind, [0; 4]));
        for depth in depths {
            let age = depth.oldest_due.map_or(0, |age| i64::try_from(age.as_secs()).unwrap_or(0));
            self.set(&depth.kind, [depth.waiting, depth.running, depth.dead, age]);
        }
    }

    fn set(&self, kind: &str, values: [i64; 4]) {
        let gauges = [&self.waiting, &self.running, &self.dead, &self.oldest];
        for (gauge, value) in gauges.into_iter().zip(values) {
            gauge.with_label_values(&[kind]).set(value);
        }
    }
}
