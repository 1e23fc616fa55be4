//! A queue of its own for every test, and workers that do not make it wait.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)] // Each test binary uses its own part.

use std::future::{Ready, ready};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use background_jobs::{Attempt, Failure, JobId, Kind, Options, Settings, Workers, enqueue};
use diesel::prelude::*;
use error_handling::Retry;
use foundation::metrics::Metrics;
use foundation::scratch::{Scratch, number};
use futures_util::future::{BoxFuture, FutureExt};
use local_services::Purpose;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

/// What the jobs of tests carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) text: String,
}

pub(crate) fn note(text: &str) -> Note {
    Note { text: text.to_owned() }
}

/// The longest that a busy machine may take for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Tried again at once.
pub(crate) const SOON: Retry =
    Retry { attempts: 3, base: Duration::from_millis(1), cap: Duration::from_millis(1) };

pub(crate) static NOTES: Kind<Note> = Kind::new("note").retried(SOON);

pub(crate) struct Queue {
    pub(crate) scratch: Scratch,
    pub(crate) metrics: Metrics,
}

impl Queue {
    pub(crate) fn new() -> Self {
        let scratch = Scratch::create(Purpose::Test).unwrap();
        Self { scratch, metrics: Metrics::new().unwrap() }
    }

    pub(crate) fn connect(&self) -> PgConnection {
        self.scratch.connect().unwrap()
    }

    /// Workers that look often, as tests have no patience, and measure at every look.
    pub(crate) fn workers(&self) -> Workers {
        self.workers_with(Settings::default())
    }

    pub(crate) fn workers_with(&self, settings: Settings) -> Workers {
        let (poll, measure) = (Duration::from_millis(20), Duration::from_millis(20));
        let settings = Settings { poll, measure, connections: 1, ..settings };
        Workers::start(&self.scratch.url(), settings, &self.metrics).unwrap()
    }

    pub(crate) fn enqueue(&self, kind: &Kind<Note>, text: &str) -> JobId {
        enqueue(&mut self.connect(), kind, &note(text), &Options::default()).unwrap()
    }

    /// A number from the database.
    pub(crate) fn number(&self, expression: &str) -> u64 {
        number(&mut self.connect(), expression).unwrap()
    }

    /// Rows of the queue that fulfil a condition.
    pub(crate) fn count(&self, condition: &str) -> u64 {
        self.number(&format!("SELECT count(*) FROM background_jobs WHERE {condition}"))
    }

    pub(crate) fn execute(&self, statement: &str) {
        diesel::sql_query(statement).execute(&mut self.connect()).unwrap();
    }

    /// Waits until no row is left.
    pub(crate) fn drains(&self) {
        eventually("the queue is empty", || self.count("true") == 0);
    }

    /// Waits until a line of the metrics is there.
    pub(crate) fn measures(&self, line: &str) {
        eventually(line, || self.rendered().lines().any(|measured| measured == line));
    }

    pub(crate) fn rendered(&self) -> String {
        String::from_utf8(self.metrics.render().unwrap()).unwrap()
    }
}

/// Waits for something that others do in their own time.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "did not happen: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn next<T>(told: &Receiver<T>) -> T {
    told.recv_timeout(PATIENCE).expect("a job tells of itself")
}

/// A handler that tells the text of each job and does nothing else.
pub(crate) fn telling(
    tell: Sender<String>,
) -> impl Fn(Attempt<Note>) -> Ready<Result<(), Failure>> + Send + Sync {
    let tell = Mutex::new(tell);
    move |attempt| {
        tell.lock().unwrap().send(attempt.payload.text).unwrap();
        ready(Ok(()))
    }
}

/// What a handler does about one attempt.
type Handled = BoxFuture<'static, Result<(), Failure>>;

/// A handler that tells the number of each attempt, and ends one for each permit.
pub(crate) fn held()
-> (impl Fn(Attempt<Note>) -> Handled + Send + Sync, Receiver<u32>, Arc<Semaphore>) {
    let ((begin, began), open) = (channel(), Arc::new(Semaphore::new(0)));
    let gate = Arc::clone(&open);
    let hold = move |attempt: Attempt<Note>| {
        let gate = Arc::clone(&gate);
        begin.send(attempt.number).unwrap();
        async move {
            gate.acquire().await.unwrap().forget();
            Ok(())
        }
        .boxed()
    };
    (hold, began, open)
}
