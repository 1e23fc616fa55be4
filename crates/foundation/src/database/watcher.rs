//! Watches how far the replica has come.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use prometheus::Gauge;
use secrecy::SecretString;

use super::replica::{INSERTED, Position};
use super::session::plain;

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(50);
/// A look that is older than this is none: the replica or the way to it may hang.
const STALE: Duration = Duration::from_millis(500);

/// What is known of the replica.
pub(super) struct Sight {
    lag: Duration,
    /// A mutex: written twenty times a second, and held for a copy.
    last: Mutex<Option<Look>>,
}

#[derive(Clone, Copy)]
struct Look {
    at: Instant,
    replayed: Position,
    /// When the primary was where the replica is now.
    caught_up: Instant,
}

impl Sight {
    pub(super) fn new(lag: Duration) -> Self {
        Self { lag, last: Mutex::new(None) }
    }

    /// How far the replica has come at least; nothing while it is away or too far behind.
    pub(super) fn replayed(&self) -> Option<Position> {
        let look = self.look()?;
        let good = look.at.elapsed() < STALE && look.caught_up.elapsed() < self.lag;
        good.then_some(look.replayed)
    }

    /// When the last look was.
    pub(super) fn seen_at_millis(&self, epoch: Instant) -> u64 {
        let at = self.look().map(|look| look.at.saturating_duration_since(epoch));
        at.map_or(0, |at| u64::try_from(at.as_millis()).unwrap_or(u64::MAX))
    }

    fn look(&self) -> Option<Look> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, look: Option<Look>) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = look;
    }
}

#[derive(QueryableByName)]
struct Inserted {
    #[diesel(sql_type = BigInt)]
    position: i64,
}

#[derive(QueryableByName)]
struct Replayed {
    #[diesel(sql_type = BigInt)]
    position: i64,
    #[diesel(sql_type = Bool)]
    follows: bool,
}

const REPLAYED: &str = "
    SELECT coalesce(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0'), 0)::bigint AS position,
           pg_is_in_recovery() AS follows";

/// On a thread of its own, as it blocks; ends when nobody is alive.
pub(super) fn start(
    (primary, replica): (SecretString, SecretString),
    sight: Arc<Sight>,
    behind: Gauge,
    alive: Weak<()>,
) -> std::io::Result<()> {
    std::thread::Builder::new().name("replica".to_owned()).spawn(move || {
        let mut watcher = Watcher { ends: None, positions: VecDeque::new(), caught_up: None };
        let mut told = true;
        while alive.strong_count() > 0 {
            let look = watcher.look(&primary, &replica);
            if look.is_err() {
                watcher.ends = None;
            }
            if look.is_ok() != told {
                told = look.is_ok();
                tracing::warn!(answers = told, "replica");
            }
            let caught_up = watcher.caught_up;
            behind.set(caught_up.map_or(f64::INFINITY, |at| at.elapsed().as_secs_f64()));
            sight.set(look.ok().flatten());
            // A server that is away is not asked twenty times a second.
            std::thread::sleep(if told { PAUSE } else { 10 * PAUSE });
        }
    })?;
    Ok(())
}

struct Watcher {
    /// Connections to the primary and to the replica.
    ends: Option<(PgConnection, PgConnection)>,
    /// Where the primary was when, as far as the replica has not come.
    positions: VecDeque<(Instant, Position)>,
    caught_up: Option<Instant>,
}

/// Positions kept at the most: some minutes, and a replica that is farther behind is not read from.
const MOST: usize = 6_000;

impl Watcher {
    fn look(
        &mut self,
        primary: &SecretString,
        replica: &SecretString,
    ) -> QueryResult<Option<Look>> {
        if self.ends.is_none() {
            self.ends = Some((plain(primary)?, plain(replica)?));
        }
        let Some((primary, replica)) = &mut self.ends else { return Ok(None) };
        let asked = Instant::now();
        let inserted: Inserted = diesel::sql_query(INSERTED).get_result(primary)?;
        self.positions.push_back((asked, inserted.position.unsigned_abs()));
        self.positions.truncate(MOST);
        let found: Replayed = diesel::sql_query(REPLAYED).get_result(replica)?;
        let replayed = found.position.unsigned_abs();
        while let Some((at, position)) = self.positions.front().copied() {
            if position > replayed {
                break;
            }
            self.caught_up = Some(at);
            self.positions.pop_front();
        }
        // One that was promoted follows nobody: what it holds is another history.
        let caught_up = self.caught_up.filter(|_| found.follows);
        Ok(caught_up.map(|caught_up| Look { at: Instant::now(), replayed, caught_up }))
    }
}
