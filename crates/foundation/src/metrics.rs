//! What the server counts, in the Prometheus text format.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::operations::{ProcessMetrics, RequestLog, Workers};

/// All metrics of one server; cheap to clone.
///
/// A registry of its own, instead of the library's global one, so that tests and demos that run
/// several servers in one process do not count into each other.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    duration: HistogramVec,
    /// Requests being served at this moment.
    pub in_flight: IntGauge,
    /// Requests refused because too many were in flight.
    pub shed: IntCounter,
    queued: IntGaugeVec,
    refused: IntCounterVec,
    wait: HistogramVec,
    run: HistogramVec,
    busy: IntGaugeVec,
    threads: IntGaugeVec,
    connections: IntGaugeVec,
    statements: IntCounterVec,
    request_log: RequestLog,
    workers: Workers,
    /// Counters of answers. A mutex: they are looked up once per rare event.
    counters: Arc<Mutex<BTreeMap<&'static str, IntCounter>>>,
}

/// The metrics of one lane of the database executor.
#[derive(Clone, Debug)]
pub(crate) struct LaneMetrics {
    pub(crate) queued: IntGauge,
    pub(crate) refused: IntCounter,
    pub(crate) wait: Histogram,
    pub(crate) run: Histogram,
    pub(crate) busy: IntGauge,
    pub(crate) threads: IntGauge,
    pub(crate) connections: IntGauge,
    pub(crate) statements: IntCounter,
}

/// From half a millisecond to ten seconds: below is noise, above is a time-out.
const BUCKETS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

impl Metrics {
    /// Registers everything once.
    ///
    /// # Errors
    /// When two metrics share a name, which is a defect of ours.
    pub fn new() -> Result<Self, prometheus::Error> {
        let histogram = |name, help, labels: &[&str]| {
            let options = HistogramOpts::new(name, help).buckets(BUCKETS.to_vec());
            HistogramVec::new(options, labels)
        };
        let gauges = |name, help| IntGaugeVec::new(Opts::new(name, help), &["lane"]);
        let counters = |name, help| IntCounterVec::new(Opts::new(name, help), &["lane"]);
        let metrics = Self {
            registry: Registry::new(),
            requests: IntCounterVec::new(
                Opts::new("http_requests_total", "Requests by method, route and status"),
                &["method", "route", "status"],
            )?,
            duration: histogram(
                "http_request_duration_seconds",
                "Time from a request's head to its response's head",
                &["method", "route"],
            )?,
            in_flight: IntGauge::new("http_requests_in_flight", "Requests being served")?,
            shed: IntCounter::new("http_requests_shed_total", "Refused: too many in flight")?,
            queued: gauges("database_queue_length", "Work waiting for a database thread")?,
            refused: counters("database_refused_total", "Work refused or given up on")?,
            wait: histogram("database_wait_seconds", "Time in the queue", &["lane"])?,
            run: histogram("database_run_seconds", "Time with a connection", &["lane"])?,
            busy: gauges("database_busy_threads", "Database threads at work")?,
            threads: gauges("database_threads", "Database threads, each with one connection")?,
            connections: gauges("database_connections", "Connections that are open")?,
            statements: counters("database_statements_total", "SQL statements sent")?,
            request_log: RequestLog::default(),
            workers: Workers::new()?,
            counters: Arc::default(),
        };
        metrics.register_all()?;
        Ok(metrics)
    }

    fn register_all(&self) -> Result<(), prometheus::Error> {
        self.register(self.requests.clone())?;
        self.register(self.duration.clone())?;
        self.register(self.in_flight.clone())?;
        self.register(self.shed.clone())?;
        self.register(self.queued.clone())?;
        self.register(self.refused.clone())?;
        self.register(self.wait.clone())?;
        self.register(self.run.clone())?;
        self.register(self.busy.clone())?;
        self.register(self.threads.clone())?;
        self.register(self.connections.clone())?;
        self.register(self.statements.clone())?;
        self.register(self.workers.clone())?;
        ProcessMetrics::new()?.map_or(Ok(()), |process| self.register(process))
    }

    /// The requests that this server has finished.
    #[must_use]
    pub const fn request_log(&self) -> &RequestLog {
        &self.request_log
    }

    /// Watches the HTTP worker that this is called on.
    pub(crate) fn watch_worker(&self) {
        self.workers.watch_this();
    }

    /// Adds to the counter of this name, which is made at the first call: how an answer counts its
    /// own events, such as rows in the default partition. Add 0 at start, so that it shows as 0.
    pub fn count(&self, name: &'static str, help: &'static str, events: u64) {
        match self.counter(name, help) {
            Ok(counter) => counter.inc_by(events),
            Err(error) => tracing::error!(name, %error, "event could not be counted"),
        }
    }

    fn counter(
        &self,
        name: &'static str,
        help: &'static str,
    ) -> Result<IntCounter, prometheus::Error> {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counter) = counters.get(name) {
            return Ok(counter.clone());
        }
        let counter = IntCounter::new(name, help)?;
        self.register(counter.clone())?;
        counters.insert(name, counter.clone());
        Ok(counter)
    }

    /// Adds a metric of another kind.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn register(
        &self,
        metric: impl prometheus::core::Collector + 'static,
    ) -> Result<(), prometheus::Error> {
        self.registry.register(Box::new(metric))
    }

    /// Counts a finished request. `route` is the pattern, not the path, which clients choose.
    pub fn served(&self, method: &str, route: &str, status: u16, seconds: f64) {
        self.requests.with_label_values(&[method, route, &status.to_string()]).inc();
        self.duration.with_label_values(&[method, route]).observe(seconds);
    }

    pub(crate) fn lane(&self, name: &str) -> LaneMetrics {
        LaneMetrics {
            queued: self.queued.with_label_values(&[name]),
            refused: self.refused.with_label_values(&[name]),
            wait: self.wait.with_label_values(&[name]),
            run: self.run.with_label_values(&[name]),
            busy: self.busy.with_label_values(&[name]),
            threads: self.threads.with_label_values(&[name]),
            connections: self.connections.with_label_values(&[name]),
            statements: self.statements.with_label_values(&[name]),
        }
    }

    /// Everything in the text exposition format, version 0.0.4.
    ///
    /// # Errors
    /// When a metric has no samples in a form the format knows.
    pub fn render(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}
