//! Reads that may be a little old, on a streaming replica; whoever wrote sees what was written.
//!
//! A write is remembered as the position that the log of the primary had after it. A reader who has
//! written is served by the replica once that has replayed this position, and by the primary before.
//! Positions are watched in the background instead of asked for at each read, which would double its
//! round trips: what the watcher knows is a moment old, and so on the safe side.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::{HttpMessage, HttpRequest};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use error_handling::{Fault, Problem};
use prometheus::{Gauge, IntCounterVec, Opts};
use secrecy::{ExposeSecret, SecretString};

use super::bounds::is_url;
use super::lane::Lane;
use super::watcher::{self, Sight};
use super::writers::Writers;
use super::{Database, Place};
use crate::metrics::Metrics;
use crate::redis::Redis;

/// A position in the write-ahead log, in bytes.
pub(super) type Position = u64;

/// How long a read may take on a replica that hangs; then the primary does it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who reads and writes, as far as reading one's own writes goes: one number for each user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reader(pub i64);

impl Reader {
    /// The signed-in user of a request; nobody before the guard has let them in.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().copied()
    }

    /// Marks a request as this user's, for reads and for what is remembered of its writes.
    pub fn mark(self, request: &HttpRequest) {
        request.extensions_mut().insert(self);
    }
}

/// A replica, and who may read there.
pub(super) struct Replica {
    lane: Lane,
    sight: Arc<Sight>,
    writers: Writers,
    reads: IntCounterVec,
    /// The watcher ends with it.
    _alive: Arc<()>,
    /// In milliseconds since `epoch`: a failed read keeps the others away until the watcher has
    /// had a look of its own.
    failed_at: AtomicU64,
    epoch: Instant,
}

/// The replica cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// The URL cannot be read.
    #[error(
        "REPLICA_URL is not of the form postgres://user:password@host/name.\n\
         Correct it, or unset it to have the primary serve every read."
    )]
    Url,
    /// Opened twice for one server.
    #[error("metrics of the replica cannot be registered: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The system refuses a thread.
    #[error("the thread that watches the replica did not start: {0}")]
    Thread(#[from] std::io::Error),
}

/// How a replica is used.
#[derive(Debug)]
pub struct ReplicaSettings<'server> {
    /// The replica itself.
    pub url: &'server SecretString,
    /// How far behind it may be.
    pub lag: Duration,
    /// Where servers tell each other who wrote. Without it each server knows its own writes alone.
    pub redis: Option<&'server Redis>,
}

impl Replica {
    pub(super) fn start(
        lane: Lane,
        primary: &Place,
        settings: &ReplicaSettings<'_>,
        metrics: &Metrics,
    ) -> Result<Self, ReplicaError> {
        if !is_url(settings.url.expose_secret()) {
            return Err(ReplicaError::Url);
        }
        let reads = Opts::new("database_replica_reads_total", "Reads that may be old, by target");
        let reads = IntCounterVec::new(reads, &["target"])?;
        let behind = Gauge::new("database_replica_lag_seconds", "How old the replica may be")?;
        metrics.register(reads.clone())?;
        metrics.register(behind.clone())?;
        for target in ["replica", "primary"] {
            reads.with_label_values(&[target]).inc_by(0);
        }
        let lag = settings.lag.max(Duration::from_secs(1));
        let sight = Arc::new(Sight::new(lag));
        let alive = Arc::new(());
        let urls = (primary.session().clone(), settings.url.clone());
        watcher::start(urls, Arc::clone(&sight), behind, Arc::downgrade(&alive))?;
        let writers = Writers::new(settings.redis.cloned(), lag);
        let (failed_at, epoch) = (AtomicU64::new(0), Instant::now());
        Ok(Self { lane, sight, writers, reads, _alive: alive, failed_at, epoch })
    }

    /// Whether this reader finds everything there that they have written.
    async fn serves(&self, reader: Option<Reader>) -> bool {
        let Some(replayed) = self.sight.replayed() else { return false };
        if self.sight.seen_at_millis(self.epoch) <= self.failed_at.load(Ordering::Relaxed) {
            return false;
        }
        match reader {
            None => true,
            Some(reader) => self.writers.needs(reader).await.is_some_and(|it| it <= replayed),
        }
    }

    fn failed(&self) {
        let now = u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.failed_at.store(now, Ordering::Relaxed);
    }
}

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = BigInt)]
    position: i64,
}

/// Read after a commit, so at or behind it.
pub(super) const INSERTED: &str =
    "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS position";

impl Database {
    /// Runs a read that may be as old as `REPLICA_LAG`, on the replica where there is one that
    /// has replayed whatever `reader` has written, and else on the short lane. Not for what fills
    /// a shared cache: an old row would stay there after its change was announced.
    ///
    /// # Errors
    /// As [`Database::run`]; a replica that fails is not told of, the primary does it then.
    pub async fn run_replica<T, E, F>(&self, reader: Option<Reader>, work: F) -> Result<T, Problem>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, E> + Clone + Send + 'static,
        T: Send + 'static,
        E: Into<Problem>,
    {
        let Some(replica) = &self.replica else { return self.run(work).await };
        if replica.serves(reader).await {
            let read = tokio::time::timeout(PATIENCE, replica.lane.run(work.clone())).await;
            match read {
                Ok(Ok(found)) => {
                    replica.reads.with_label_values(&["replica"]).inc();
                    return Ok(found);
                }
                Ok(Err(problem)) if problem.kind().fault() == Fault::Client => {
                    replica.reads.with_label_values(&["replica"]).inc();
                    return Err(problem);
                }
                Ok(Err(_)) | Err(_) => replica.failed(),
            }
        }
        replica.reads.with_label_values(&["primary"]).inc();
        self.run(work).await
    }

    /// Whether there is a replica, so that writes have to be remembered.
    #[must_use]
    pub fn has_replica(&self) -> bool {
        self.replica.is_some()
    }

    /// Remembers that this user has written; call it after the commit, before the answer. Costs a
    /// short statement, and nothing without a replica. Where the position cannot be had, the user
    /// reads from the primary until the write is too old to matter.
    pub async fn wrote(&self, reader: Reader) {
        let Some(replica) = &self.replica else { return };
        let position =
            self.run(|connection| diesel::sql_query(INSERTED).get_result::<Written>(connection));
        let position = position.await.map_or(Position::MAX, |row| row.position.unsigned_abs());
        replica.writers.wrote(reader, position).await;
    }
}
