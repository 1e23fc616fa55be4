//! The only way to the database: a few dedicated threads fed by one fair, bounded queue.
//!
//! Chosen instead of `web::block`, whose pool wakes many threads that then contend for few
//! connections: under load the unlucky ones wait for hundreds of milliseconds. Here a thread owns
//! the right to a connection, requests are served in the order they came, and a queue that is full
//! or slow answers 503 at once. Switch to an async driver when one process needs more statements
//! in flight than a few threads per core.

mod bounds;
mod keyed;
mod lane;
mod place;
mod pooler;
mod replica;
mod session;
mod watcher;
mod writers;

use std::sync::Arc;
use std::time::Duration;

use diesel::{PgConnection, RunQueryDsl};
use error_handling::Problem;

use crate::config::DatabaseConfig;
use crate::metrics::Metrics;
pub(crate) use bounds::{PATIENTLY, bounded, is_url};
pub use keyed::{KeyedReads, Load};
use lane::{Lane, LaneSettings};
pub use place::Place;
pub use pooler::{PoolerError, check as check_pooler, connect_query, role_defaults};
use replica::Replica;
pub use replica::{Reader, ReplicaError, ReplicaSettings};
use session::{PlanOften, Sessions};

/// A handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Database {
    short: Arc<Lane>,
    /// A lane of its own: a durable commit waits for the disk, not for a core, so many in flight
    /// share one flush, while reads get slower tails from more threads than cores can run.
    write: Arc<Lane>,
    long: Arc<Lane>,
    replica: Option<Arc<Replica>>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

impl Database {
    /// Starts the threads of all lanes. Connections are made in the background, so this also
    /// succeeds while the database is down.
    #[must_use]
    pub fn open(place: impl Into<Place>, config: &DatabaseConfig, metrics: &Metrics) -> Self {
        let place = place.into();
        let settings = |name, threads, statement_timeout, sessions| {
            lane_settings(config, name, threads, statement_timeout, sessions)
        };
        let (limit, long_limit) = (config.statement_timeout, config.long_statement_timeout);
        let sessions =
            if place.is_pooled() { Sessions::Pooled } else { Sessions::Own(PlanOften::Once) };
        let short = settings("short", config.short_threads(), limit, sessions);
        let write = settings("write", config.write_threads(), limit, sessions);
        let threads = config.database_long_threads;
        // Past a pooler: jobs hold session locks, and a long statement has its connection to itself
        // in any case.
        let long = settings("long", threads, long_limit, Sessions::Own(PlanOften::AsNeeded));
        Self {
            short: Arc::new(Lane::start(place.url(), &short, metrics)),
            write: Arc::new(Lane::start(place.url(), &write, metrics)),
            long: Arc::new(Lane::start(place.session(), &long, metrics)),
            replica: None,
        }
    }

    /// Adds a replica for reads that may be a little old. Connections are made in the background, so
    /// this also succeeds while it is away.
    ///
    /// # Errors
    /// See [`ReplicaError`].
    pub fn with_replica(
        self,
        primary: &Place,
        settings: &ReplicaSettings<'_>,
        config: &DatabaseConfig,
        metrics: &Metrics,
    ) -> Result<Self, ReplicaError> {
        let sessions = Sessions::Own(PlanOften::Once);
        let limit = config.statement_timeout;
        let lane = lane_settings(config, "replica", config.short_threads(), limit, sessions);
        let lane = Lane::start(settings.url, &lane, metrics);
        let replica = Replica::start(lane, primary, settings, metrics)?;
        Ok(Self { replica: Some(Arc::new(replica)), ..self })
    }

    /// Runs short work, a few milliseconds at the most, and waits for its result.
    ///
    /// `work` gets a connection in auto-commit mode; open a transaction inside when it takes more
    /// than one statement. Dropping the future before the work began cancels it.
    ///
    /// # Errors
    /// 503 with `Retry-After` when the queue is full, the wait too long or the database away;
    /// otherwise whatever `work` returns.
    pub async fn run<T, E, F>(&self, work: F) -> Result<T, Problem>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Into<Problem>,
    {
        self.short.run(work).await
    }

    /// Runs a short write that ends with a durable commit.
    ///
    /// # Errors
    /// As [`Database::run`].
    pub async fn run_write<T, E, F>(&self, work: F) -> Result<T, Problem>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Into<Problem>,
    {
        self.write.run(work).await
    }

    /// Runs long work, such as a report or maintenance, on threads and connections of its own.
    ///
    /// # Errors
    /// As [`Database::run`].
    pub async fn run_long<T, E, F>(&self, work: F) -> Result<T, Problem>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Into<Problem>,
    {
        self.long.run(work).await
    }

    /// Asks the database for one row, to tell whether it is there.
    ///
    /// # Errors
    /// 503 when it does not answer within `limit`.
    pub async fn ping(&self, limit: Duration) -> Result<(), Problem> {
        let ping = self.run(|connection| diesel::sql_query("SELECT 1").execute(connection));
        let answer = tokio::time::timeout(limit, ping).await;
        answer.unwrap_or_else(|_| Err(lane::no_answer())).map(|_| ())
    }
}

fn lane_settings(
    config: &DatabaseConfig,
    name: &'static str,
    threads: usize,
    statement_timeout: Duration,
    sessions: Sessions,
) -> LaneSettings {
    LaneSettings {
        name,
        threads,
        queue: config.database_queue,
        wait: config.database_wait,
        statement_timeout,
        lock_timeout: config.lock_timeout,
        sessions,
    }
}
