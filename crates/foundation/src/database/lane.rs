//! One lane of the executor: a bounded queue, its threads and their connections.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use diesel::PgConnection;
use diesel::r2d2::R2D2Connection;
use error_handling::{Cause, Fault, Problem};
use r2d2::Pool;
use secrecy::SecretString;
use tokio::sync::oneshot;
use tracing::Span;

use super::bounds;
use super::session::{Session, SessionManager, Sessions, statements_sent};
use crate::metrics::{LaneMetrics, Metrics};
use crate::operations::{OpenSpan, begin};
use crate::pace::Pace;

pub(super) struct LaneSettings {
    pub(super) name: &'static str,
    pub(super) threads: usize,
    pub(super) queue: usize,
    pub(super) wait: Duration,
    pub(super) statement_timeout: Duration,
    pub(super) lock_timeout: Duration,
    pub(super) sessions: Sessions,
}

pub(super) struct Lane {
    /// A FIFO channel instead of a lock around connections: whoever came first is served first.
    queue: Sender<Job>,
    /// The longest that a caller waits for its answer, also from a server that hangs.
    answer_within: Duration,
    /// The longest wait that anybody may join the queue for.
    wait: Duration,
    threads: usize,
    pace: Arc<Pace>,
    metrics: LaneMetrics,
}

/// Gets a thread's connection and the time it has waited; answers through a channel of its own.
type Work = Box<dyn FnOnce(&Worker, Duration) + Send>;

/// One request's work, and when it joined the queue.
struct Job {
    work: Work,
    joined: Instant,
}

/// What a thread of the lane works with.
struct Worker {
    pool: Pool<SessionManager>,
    wait: Duration,
    pace: Arc<Pace>,
    metrics: LaneMetrics,
}

impl Lane {
    pub(super) fn start(url: &SecretString, settings: &LaneSettings, metrics: &Metrics) -> Self {
        let &LaneSettings { name, threads, queue, wait, statement_timeout, lock_timeout, sessions } =
            settings;
        let metrics = metrics.lane(name);
        metrics.threads.set(i64::try_from(threads.max(1)).unwrap_or(i64::MAX));
        let connections = metrics.connections.clone();
        let manager =
            SessionManager::new(url, name, statement_timeout, lock_timeout, sessions, connections);
        let size = u32::try_from(threads.max(1)).unwrap_or(u32::MAX);
        let pool = Pool::builder()
            .max_size(size)
            .test_on_check_out(false)
            .connection_timeout(wait)
            .error_handler(Box::new(LogConnectionError))
            .build_unchecked(manager);
        let (sender, receiver) = bounded(queue.max(1));
        let pace = Arc::new(Pace::default());
        for index in 0..threads.max(1) {
            let (pool, pace, metrics) = (pool.clone(), Arc::clone(&pace), metrics.clone());
            let worker = Worker { pool, wait, pace, metrics };
            let jobs: Receiver<Job> = receiver.clone();
            let thread = std::thread::Builder::new().name(format!("database-{name}-{index}"));
            // A thread that cannot start leaves the lane with fewer; none at all refuses every job.
            if let Err(error) = thread.spawn(move || worker.serve(&jobs)) {
                tracing::error!(%error, "database thread did not start");
            }
        }
        let answer_within = statement_timeout.max(wait);
        Self { queue: sender, answer_within, wait, threads: threads.max(1), pace, metrics }
    }

    /// The longest that a caller waits, also for a server that hangs.
    pub(super) fn answer_within(&self) -> Duration {
        self.answer_within
    }

    pub(super) async fn run<T, E, F>(&self, work: F) -> Result<T, Problem>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Into<Problem>,
    {
        if self.pace.expected_wait(self.queue.len(), self.threads) > self.wait {
            self.metrics.refused.inc();
            return Err(would_wait_too_long());
        }
        let (reply, answer) = oneshot::channel();
        let span = Span::current();
        let waiting = begin("database.wait");
        let work = Box::new(move |worker: &Worker, waited: Duration| {
            // The caller may have hung up while its work was queued; then nobody wants it done.
            if !reply.is_closed() {
                let outcome = span.in_scope(|| worker.perform(waited, waiting, work));
                let _ = reply.send(outcome);
            }
        });
        self.metrics.queued.inc();
        match self.queue.try_send(Job { work, joined: Instant::now() }) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.metrics.queued.dec();
                self.metrics.refused.inc();
                return Err(queue_full());
            }
        }
        match tokio::time::timeout(self.answer_within, answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Problem::internal(Cause::new("database thread gave no answer"))),
            Err(_) => {
                self.metrics.refused.inc();
                Err(no_answer())
            }
        }
    }
}

impl Worker {
    /// Ends when the lane is dropped and its queue is empty, so no accepted work is lost.
    fn serve(&self, jobs: &Receiver<Job>) {
        for job in jobs {
            self.metrics.queued.dec();
            let waited = job.joined.elapsed();
            self.metrics.wait.observe(waited.as_secs_f64());
            (job.work)(self, waited);
        }
    }

    fn perform<T, E: Into<Problem>>(
        &self,
        waited: Duration,
        waiting: Option<OpenSpan>,
        work: impl FnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, Problem> {
        if waited > self.wait {
            self.metrics.refused.inc();
            return Err(waited_too_long());
        }
        let mut session = self.pool.get().map_err(|_| not_reachable())?;
        let running = waiting.map(|waiting| waiting.then("database.run"));
        self.metrics.busy.inc();
        statements_sent();
        let began = Instant::now();
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| work(&mut session.connection)));
        self.pace.record(began.elapsed());
        self.metrics.run.observe(began.elapsed().as_secs_f64());
        self.metrics.busy.dec();
        let statements = statements_sent();
        self.metrics.statements.inc_by(statements.into());
        if let Some(running) = running {
            running.end_after(statements);
        }
        let outcome = match outcome {
            Ok(outcome) => outcome.map_err(Into::into),
            Err(_) => {
                // The panic may have left a transaction open; the next user must not inherit it.
                session.lost = true;
                Err(Problem::internal(Cause::new("panic in database work")))
            }
        };
        if let Err(problem) = &outcome {
            retire_if_dead(&mut session, problem);
        }
        outcome
    }
}

/// Pings only after a failure that a dead connection could explain, instead of at every checkout.
fn retire_if_dead(session: &mut Session, problem: &Problem) {
    if problem.kind().fault() != Fault::Client && !session.lost {
        session.lost = session.connection.ping().is_err();
    }
}

fn queue_full() -> Problem {
    Problem::unavailable("The server is busy.", Duration::from_secs(1))
        .with_cause(Cause::new("database queue full"))
}

fn would_wait_too_long() -> Problem {
    Problem::unavailable("The server is busy.", Duration::from_secs(1))
        .with_cause(Cause::new("database queue too slow"))
}

fn waited_too_long() -> Problem {
    Problem::unavailable("The server is busy.", Duration::from_secs(1))
        .with_cause(Cause::new("database queue wait"))
}

fn not_reachable() -> Problem {
    Problem::unavailable("The database is not reachable.", Duration::from_secs(1))
        .with_cause(Cause::new("no database connection"))
}

pub(super) fn no_answer() -> Problem {
    Problem::unavailable("The database does not answer.", Duration::from_secs(1))
        .with_cause(Cause::new("database gave no answer in time"))
}

/// Says that connecting failed, and why without the names of host, role and database.
#[derive(Debug)]
struct LogConnectionError;

impl r2d2::HandleError<diesel::r2d2::Error> for LogConnectionError {
    fn handle_error(&self, error: diesel::r2d2::Error) {
        let reason = match &error {
            diesel::r2d2::Error::ConnectionError(error) => bounds::reason(error),
            diesel::r2d2::Error::QueryError(_) => "the session does not work",
        };
        tracing::warn!(reason, "database connection failed");
    }
}
