//! What moves events along: three loops on a thread of their own, until they are dropped.
//!
//! The relay tells the stream what is new, the consumer visits the queues that the stream names, and
//! the sweep visits those that the stream does not: retries, and everything while Redis is away.

use std::io;
use std::thread::JoinHandle;
use std::time::Duration;

use error_handling::Problem;
use foundation::database::Database;
use futures_util::StreamExt;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::delivery::Deliveries;
use crate::outbox::{self, Queue, Unpublished};
use crate::stream::Stream;

/// Wait after a database that gave no answer.
const PAUSE: Duration = Duration::from_secs(1);

/// How often the loops look.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two looks for what is new, here and in the stream.
    pub poll: Duration,
    /// Between two looks for what is due, while Redis answers.
    pub sweep: Duration,
    /// The same while it does not: slower than the stream, as each look is a query.
    pub alone: Duration,
    /// Time after which the sweep takes up what the stream was told and nobody did: the worker that
    /// took it has died, or Redis was emptied.
    pub forsaken: Duration,
    /// Queues visited at once.
    pub at_once: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(50),
            sweep: Duration::from_secs(1),
            alone: Duration::from_millis(500),
            forsaken: Duration::from_secs(5),
            at_once: 16,
        }
    }
}

/// The running loops.
#[derive(Debug)]
pub struct Worker {
    /// `None` only while it is dropped.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the loops. Without a stream everything is found by the sweep.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        database: Database,
        deliveries: Deliveries,
        stream: Option<Stream>,
        pace: Pace,
    ) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let loops = Loops { database, deliveries, stream, pace };
        let thread =
            std::thread::Builder::new().name("deliveries".to_owned()).spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = loops.run() => {}
                        _ = stopped => {}
                    }
                });
            })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Worker {
    /// What is being sent is broken off and sent again by whoever comes next, with its id.
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Loops {
    database: Database,
    deliveries: Deliveries,
    stream: Option<Stream>,
    pace: Pace,
}

impl Loops {
    /// Three loops instead of one with three steps: a partner that hangs holds up the sweep that
    /// met it, and neither of the others.
    async fn run(&self) {
        let with_stream = async {
            match &self.stream {
                Some(stream) => {
                    tokio::join!(self.relay(stream), self.consume(stream));
                }
                None => std::future::pending().await,
            }
        };
        tokio::join!(with_stream, self.sweep());
    }

    async fn relay(&self, stream: &Stream) {
        loop {
            match self.publish(stream).await {
                Ok(true) => {}
                Ok(false) => sleep(self.pace.poll).await,
                Err(problem) => pause("relay", &problem).await,
            }
        }
    }

    /// Tells the stream of some new rows; whether there may be more. Published and then noted: a
    /// relay that dies between the two tells again, which does no harm.
    async fn publish(&self, stream: &Stream) -> Result<bool, Problem> {
        if !stream.is_up() {
            return Ok(false);
        }
        let rows: Vec<Unpublished> = self.database.run(outbox::unpublished).await?;
        if rows.is_empty() || stream.publish(&rows).await.is_err() {
            return Ok(false);
        }
        let positions: Vec<i64> = rows.iter().map(|row| row.position).collect();
        let mark = move |connection: &mut _| outbox::mark_published(connection, &positions);
        self.database.run_write(mark).await?;
        Ok(true)
    }

    async fn consume(&self, stream: &Stream) {
        loop {
            // A Redis that is gone answers at once that it is.
            let taken = stream.take().await.unwrap_or_default();
            if taken.queues.is_empty() {
                sleep(self.pace.poll).await;
                continue;
            }
            match self.visit(&taken.queues).await {
                // Not confirmed: somebody gets the entries again, and finds what is left to do.
                Err(problem) => pause("consumer", &problem).await,
                Ok(()) => {
                    let _ = stream.confirm(&taken).await;
                }
            }
        }
    }

    async fn sweep(&self) {
        loop {
            let alone = !self.stream.as_ref().is_some_and(Stream::is_up);
            let forsaken = self.pace.forsaken;
            let down = self.deliveries.down();
            let due = move |connection: &mut _| outbox::due(connection, alone, forsaken, &down);
            let visited = match self.database.run(due).await {
                Ok(queues) => self.visit(&queues).await,
                Err(problem) => Err(problem),
            };
            match visited {
                Ok(()) => sleep(if alone { self.pace.alone } else { self.pace.sweep }).await,
                Err(problem) => pause("sweep", &problem).await,
            }
        }
    }

    /// Visits queues side by side; each is visited in its own order.
    async fn visit(&self, queues: &[Queue]) -> Result<(), Problem> {
        let visits = queues.iter().map(|queue| self.deliveries.visit(*queue));
        let mut visits = futures_util::stream::iter(visits).buffer_unordered(self.pace.at_once);
        let mut outcome = Ok(());
        while let Some(visited) = visits.next().await {
            outcome = outcome.and(visited.map(|_| ()));
        }
        outcome
    }
}

async fn pause(which: &str, problem: &Problem) {
    tracing::warn!(which, %problem, "deliveries wait for the database");
    sleep(PAUSE).await;
}
