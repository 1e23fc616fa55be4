//! One thread that hashes, so that nothing else has to wait for it.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use error_handling::{Cause, Problem};
use foundation::config::PasswordConfig;
use foundation::metrics::Metrics;
use foundation::module::StartFailure;
use foundation::operations::timed;
use foundation::pace::Pace;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntGauge};
use tokio::sync::oneshot;

use crate::{Password, PasswordHash, PasswordKey};

/// Whether a password is the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Right,
    /// It is, and the stored hash was made at a lower cost than today's: store a new one.
    RightButStale,
    /// It is not.
    Wrong,
}

/// Hashes and verifies passwords, one at a time.
///
/// A thread of its own at nice 19, instead of the blocking pool: hashing is pure CPU by design, and
/// on shared threads a storm of log-ins takes every core from those who are logged in already. One
/// thread, although more would finish sooner: a second one takes its core from those who are logged
/// in. Start another lane when registration itself is what the machine is for.
#[derive(Clone, Debug)]
pub struct HashingLane {
    queue: Sender<Job>,
    wait: Duration,
    pace: Arc<Pace>,
    waiting: IntGauge,
    refused: IntCounter,
}

enum Work {
    Hash(oneshot::Sender<Option<PasswordHash>>),
    Verify(PasswordHash, oneshot::Sender<Verdict>),
}

struct Job {
    prepared: String,
    work: Work,
    joined: Instant,
}

struct Hasher {
    cost: u32,
    wait: Duration,
    pace: Arc<Pace>,
    waiting: IntGauge,
    seconds: Histogram,
}

impl HashingLane {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the metrics are registered already, or the system gives no thread: a server without
    /// one would refuse every log-in and look healthy.
    pub fn start(config: &PasswordConfig, metrics: &Metrics) -> Result<Self, StartFailure> {
        let waiting = IntGauge::new("password_hashing_queue_length", "Hashes waiting")?;
        let refused = IntCounter::new("password_hashing_refused_total", "Refused: queue full")?;
        let options = HistogramOpts::new("password_hashing_seconds", "Time to hash or verify");
        let seconds = Histogram::with_opts(options)?;
        metrics.register(waiting.clone())?;
        metrics.register(refused.clone())?;
        metrics.register(seconds.clone())?;
        let (queue, jobs) = bounded(config.hashing_queue.max(1));
        let (cost, wait) = (config.bcrypt_cost, config.hashing_wait);
        let pace = Arc::new(Pace::default());
        let hasher =
            Hasher { cost, wait, pace: Arc::clone(&pace), waiting: waiting.clone(), seconds };
        let thread = std::thread::Builder::new().name("password-hashing".to_owned());
        thread.spawn(move || hasher.serve(&jobs))?;
        Ok(Self { queue, wait, pace, waiting, refused })
    }

    /// Hashes a password for storing.
    ///
    /// # Errors
    /// 503 with `Retry-After` when too many wait already.
    pub async fn hash(
        &self,
        password: &Password,
        key: &PasswordKey,
    ) -> Result<PasswordHash, Problem> {
        let (reply, answer) = oneshot::channel();
        self.join(key.prepare(password), Work::Hash(reply))?;
        match timed("password.hashing", answer).await {
            Ok(Some(hash)) => Ok(hash),
            Ok(None) => Err(Problem::internal(Cause::new("hashing failed"))),
            Err(_) => Err(self.too_busy()),
        }
    }

    /// Compares a password with a stored hash, in constant time.
    ///
    /// # Errors
    /// 503 with `Retry-After` when too many wait already.
    pub async fn verify(
        &self,
        password: &Password,
        key: &PasswordKey,
        stored: PasswordHash,
    ) -> Result<Verdict, Problem> {
        let (reply, answer) = oneshot::channel();
        self.join(key.prepare(password), Work::Verify(stored, reply))?;
        let verdict = timed("password.hashing", answer).await;
        verdict.map_err(|_| self.too_busy())
    }

    fn join(&self, prepared: String, work: Work) -> Result<(), Problem> {
        if self.pace.expected_wait(self.queue.len(), 1) > self.wait {
            return Err(self.too_busy());
        }
        self.waiting.inc();
        self.queue.try_send(Job { prepared, work, joined: Instant::now() }).map_err(|_| {
            self.waiting.dec();
            self.too_busy()
        })
    }

    fn too_busy(&self) -> Problem {
        self.refused.inc();
        Problem::unavailable("Too many people are signing up or in; try again shortly.", self.wait)
            .with_cause(Cause::new("hashing queue"))
    }
}

impl Hasher {
    fn serve(&self, jobs: &Receiver<Job>) {
        // Applies to this thread only on Linux; elsewhere to the process, so it is left alone there.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::nice(19);
        for job in jobs {
            self.waiting.dec();
            // Too late to be of use: dropping the reply tells the caller.
            if job.joined.elapsed() <= self.wait && job.work.is_wanted() {
                self.perform(&job.prepared, job.work);
            }
        }
    }

    /// Counted before the reply, so that whoever has an answer finds it in the metrics.
    fn perform(&self, prepared: &str, work: Work) {
        let began = Instant::now();
        match work {
            Work::Hash(reply) => {
                let hash = bcrypt::hash(prepared, self.cost).ok().map(PasswordHash::from_stored);
                self.record(began.elapsed());
                let _ = reply.send(hash);
            }
            Work::Verify(stored, reply) => {
                let verdict = self.verify(prepared, &stored);
                self.record(began.elapsed());
                let _ = reply.send(verdict);
            }
        }
    }

    fn record(&self, took: Duration) {
        self.pace.record(took);
        self.seconds.observe(took.as_secs_f64());
    }

    fn verify(&self, prepared: &str, stored: &PasswordHash) -> Verdict {
        if !bcrypt::verify(prepared, stored.expose()).unwrap_or(false) {
            self.make_up_for(prepared, stored);
            return Verdict::Wrong;
        }
        match stored.cost() {
            Some(cost) if cost >= self.cost => Verdict::Right,
            _ => Verdict::RightButStale,
        }
    }

    /// A wrong password takes as long at an older, lower cost: otherwise the time would tell which
    /// accounts exist and have not been used since the cost rose.
    fn make_up_for(&self, prepared: &str, stored: &PasswordHash) {
        for cost in missing(stored.cost(), self.cost) {
            let _ = bcrypt::verify(prepared, PasswordHash::of_nobody(cost).expose());
        }
    }
}

impl Work {
    /// Nobody waits for a request that was cancelled.
    fn is_wanted(&self) -> bool {
        match self {
            Self::Hash(reply) => !reply.is_closed(),
            Self::Verify(_, reply) => !reply.is_closed(),
        }
    }
}

/// The costs whose work is missing between a hash of cost `stored` and one of cost `present`: as
/// each is twice the one before, those in between add up to it. All of it for a hash without cost.
fn missing(stored: Option<u32>, present: u32) -> Range<u32> {
    stored.map_or(present..present + 1, |stored| stored..present)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_up_for_and_what_was_done_are_one_hash_of_the_present_cost() {
        let work = |cost: u32| 1_u64 << cost;
        for (stored, done) in
            [(Some(4), work(4)), (Some(11), work(11)), (Some(12), work(12)), (None, 0)]
        {
            let made_up: u64 = missing(stored, 12).map(work).sum();
            assert_eq!(done + made_up, work(12), "{stored:?}");
        }
        assert!(missing(Some(13), 12).is_empty());
    }
}
