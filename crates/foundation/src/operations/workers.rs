//! How late the HTTP workers are: a call that blocks one shows here, and nowhere else as plainly.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Error, GaugeVec, Histogram, HistogramOpts, Opts};

/// Ten times a second costs nothing to speak of, and a worker that is blocked for longer is seen.
const BEAT: Duration = Duration::from_millis(100);

/// A heart that beats on each worker; cheap to clone.
#[derive(Clone)]
pub(crate) struct Workers(Arc<Hearts>);

struct Hearts {
    began: Instant,
    /// Weak: a worker that has stopped takes its heart along.
    hearts: Mutex<Vec<Weak<Heart>>>,
    count: AtomicUsize,
    lag: Histogram,
    stalled: GaugeVec,
}

struct Heart {
    worker: String,
    /// When it beats next, in microseconds since the server's beginning.
    due: AtomicU64,
}

impl std::fmt::Debug for Workers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Workers").field(&self.0.count).finish()
    }
}

impl Workers {
    /// # Errors
    /// Never: the names are valid.
    pub(crate) fn new() -> Result<Self, Error> {
        let lag = HistogramOpts::new(
            "http_worker_lag_seconds",
            "How late a task ran that each worker should run ten times a second",
        );
        let lag = lag.buckets(vec![0.002, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0]);
        let stalled = Opts::new(
            "http_worker_stalled_seconds",
            "For how long a worker has been doing nothing but one thing, by now",
        );
        Ok(Self(Arc::new(Hearts {
            began: Instant::now(),
            hearts: Mutex::default(),
            count: AtomicUsize::new(0),
            lag: Histogram::with_opts(lag)?,
            stalled: GaugeVec::new(stalled, &["worker"])?,
        })))
    }

    /// Watches the worker that this is called on, until its runtime ends.
    pub(crate) fn watch_this(&self) {
        let worker = self.0.count.fetch_add(1, Ordering::Relaxed).to_string();
        let heart = Arc::new(Heart { worker, due: AtomicU64::new(self.0.now() + micros(BEAT)) });
        let mut hearts = self.0.hearts.lock().unwrap_or_else(PoisonError::into_inner);
        hearts.push(Arc::downgrade(&heart));
        drop(hearts);
        let this = self.clone();
        actix_web::rt::spawn(async move {
            loop {
                let due = Instant::now() + BEAT;
                tokio::time::sleep_until(due.into()).await;
                this.0.lag.observe(due.elapsed().as_secs_f64());
                heart.due.store(this.0.now() + micros(BEAT), Ordering::Relaxed);
            }
        });
    }
}

impl Hearts {
    fn now(&self) -> u64 {
        micros(self.began.elapsed())
    }
}

impl Collector for Workers {
    fn desc(&self) -> Vec<&Desc> {
        [self.0.lag.desc(), self.0.stalled.desc()].concat()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Hearts { lag, stalled, hearts, .. } = &*self.0;
        stalled.reset();
        let now = self.0.now();
        hearts.lock().unwrap_or_else(PoisonError::into_inner).retain(|heart| {
            let Some(heart) = heart.upgrade() else { return false };
            let late = now.saturating_sub(heart.due.load(Ordering::Relaxed));
            let gauge = stalled.with_label_values(&[&heart.worker]);
            gauge.set(Duration::from_micros(late).as_secs_f64());
            true
        });
        [lag.collect(), stalled.collect()].concat()
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
