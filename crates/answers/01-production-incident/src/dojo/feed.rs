//! The live load: waves without end on a thread of their own, and what came of them so far.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use evidence::{Failure, Interrupt, Interrupted};

use crate::load::{Load, Route, WAVE, Wave};
use crate::service::Service;
use crate::signals::Seen;

/// From the end of one wave to the next.
const PAUSE: Duration = Duration::from_millis(150);
/// Waves that `status` shows.
const SHOWN: usize = 20;
/// The longest wait for waves; each is bounded by the service's own deadlines.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the waves so far add up to.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) waves: u64,
    pub(super) requests: u64,
    pub(super) failed: u64,
    /// Failures by route and outcome.
    pub(super) failures: BTreeMap<(Route, String), u64>,
    /// Orders, and customers by their histories, that a failed request was about.
    pub(super) orders: BTreeSet<i64>,
    pub(super) customers: BTreeSet<i64>,
    /// Parcels that were shown without their status.
    pub(super) partial: u64,
    /// Failures of the newest waves, oldest first.
    pub(super) recent: VecDeque<u64>,
    /// Beginning and end of the last wave in which something failed.
    pub(super) last_failing: Option<(Instant, Instant)>,
    /// The id of the newest request that failed.
    pub(super) last_failed: Option<String>,
    /// What the newest wave showed, and the newest in which something failed.
    pub(super) seen: Seen,
    pub(super) seen_failing: Option<Seen>,
    error: Option<String>,
}

impl Tally {
    fn add(&mut self, wave: &Wave) {
        self.waves += 1;
        self.requests += wave.answers.len() as u64;
        self.partial += wave.answers.iter().filter(|answer| answer.partial).count() as u64;
        for failure in wave.failures() {
            self.failed += 1;
            self.last_failed = Some(failure.request_id.clone());
            *self.failures.entry((failure.route, failure.outcome())).or_default() += 1;
            match failure.route {
                Route::History => self.customers.insert(failure.id),
                Route::UnknownOrder => false,
                Route::Order | Route::Parcel | Route::Receipt => self.orders.insert(failure.id),
            };
        }
        self.seen = wave.seen.clone();
        if wave.failed() > 0 {
            self.last_failing = Some((wave.began, wave.ended));
            self.seen_failing = Some(wave.seen.clone());
        }
        if self.recent.len() == SHOWN {
            self.recent.pop_front();
        }
        self.recent.push_back(wave.failed());
    }
}

struct Shared {
    tally: Mutex<Tally>,
    changed: Condvar,
    stop: Interrupt,
}

/// Runs until dropped.
pub(super) struct Feed {
    shared: Arc<Shared>,
    /// The reader's own wish to stop, which ends every wait.
    interrupt: Interrupt,
    thread: Option<JoinHandle<()>>,
}

impl Feed {
    pub(super) fn start(service: &Arc<Service>, interrupt: &Interrupt) -> Result<Self, Failure> {
        let shared = Arc::new(Shared {
            tally: Mutex::default(),
            changed: Condvar::new(),
            stop: Interrupt::default(),
        });
        let (service, feeding) = (Arc::clone(service), Arc::clone(&shared));
        let thread = std::thread::Builder::new().name("customers".to_owned());
        let thread = thread.spawn(move || feeding.send_waves(&service))?;
        Ok(Self { shared, interrupt: interrupt.clone(), thread: Some(thread) })
    }

    pub(super) fn tally(&self) -> Tally {
        self.shared.lock().clone()
    }

    /// Waits for `count` waves that begin from now on; how many of their requests failed, of how
    /// many.
    pub(super) fn watch(&self, count: u64) -> Result<(u64, u64), Failure> {
        // One more, as a wave may be under way that began earlier.
        let first = self.tally().waves + 1;
        self.until(|tally| tally.waves >= first)?;
        let before = self.tally().failed;
        self.until(|tally| tally.waves >= first + count)?;
        let after = self.tally();
        Ok((after.failed - before, (after.waves - first) * WAVE))
    }

    /// Waits until something fails.
    pub(super) fn alert(&self) -> Result<(), Failure> {
        self.until(|tally| tally.failed > 0)
    }

    fn until(&self, reached: impl Fn(&Tally) -> bool) -> Result<(), Failure> {
        let end = Instant::now() + PATIENCE;
        let mut tally = self.shared.lock();
        while !reached(&tally) {
            if self.interrupt.requested() {
                return Err(Interrupted.into());
            }
            if let Some(error) = &tally.error {
                return Err(format!("the customers are gone: {error}").into());
            }
            if Instant::now() > end {
                return Err("the service did not answer for a minute".into());
            }
            let waited = self.shared.changed.wait_timeout(tally, Duration::from_millis(100));
            tally = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }
}

impl Shared {
    fn send_waves(&self, service: &Service) {
        let mut load = Load::new();
        while !self.stop.requested() {
            match load.wave(service) {
                Ok(wave) => self.lock().add(&wave),
                Err(error) => self.lock().error = Some(error.to_string()),
            }
            self.changed.notify_all();
            std::thread::sleep(PAUSE);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.shared.stop.request();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
