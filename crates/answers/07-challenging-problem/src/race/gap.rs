//! The gap of an attempt, as the race arranges it.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Integer};

use super::meeting::Meeting;
use super::{Arrangement, CONNECTIONS, Race};
use crate::till::{Died, Gap, Till};

/// What all connections of one race share.
pub(super) struct Shared<'a> {
    pub(super) meeting: Meeting,
    arrangement: Arrangement,
    /// Buyers who have reached the gap.
    reached: AtomicU32,
    /// The server process of each connection.
    processes: Vec<i32>,
    /// Sees who waits, and ends the connection of a process that dies. A mutex, as neither is
    /// often done.
    keeper: Mutex<&'a mut PgConnection>,
}

impl<'a> Shared<'a> {
    pub(super) fn new(
        race: &Race,
        tills: &mut [Till],
        keeper: &'a mut PgConnection,
    ) -> QueryResult<Self> {
        let processes = tills.iter_mut().map(|till| process(&mut till.database));
        Ok(Self {
            meeting: Meeting::new(CONNECTIONS),
            arrangement: race.arrangement,
            reached: AtomicU32::new(0),
            processes: processes.collect::<QueryResult<_>>()?,
            keeper: Mutex::new(keeper),
        })
    }

    /// Watches the meeting until it is closed.
    pub(super) fn watch(&self) -> QueryResult<()> {
        self.meeting.watch(|| self.blocked())
    }

    /// Connections that wait for a lock. `pg_locks` shows all of them as of one moment, and a lock
    /// counts as granted as soon as it is, even before the one who waited has noticed.
    fn blocked(&self) -> QueryResult<usize> {
        let query = "SELECT count(DISTINCT pid)::integer AS number FROM pg_locks
                     WHERE NOT granted AND pid = ANY($1)";
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = sql_query(query).bind::<Array<Integer>, _>(&self.processes);
        let count = waiting.get_result::<Number>(&mut **keeper)?.number;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// Ends a connection as the death of its process would: in the middle of the transaction.
    fn end(&self, process: i32) -> QueryResult<()> {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let end = sql_query("SELECT pg_terminate_backend($1)").bind::<Integer, _>(process);
        end.execute(&mut **keeper).map(|_| ())
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = Integer)]
    number: i32,
}

fn process(connection: &mut PgConnection) -> QueryResult<i32> {
    let query = sql_query("SELECT pg_backend_pid() AS number");
    Ok(query.get_result::<Number>(connection)?.number)
}

/// The gap of one connection.
pub(super) struct Seat<'race, 'hall> {
    shared: &'race Shared<'hall>,
    /// Another one after a death. An atomic, as a gap is shared with the attempt.
    process: AtomicI32,
    died: AtomicBool,
}

impl<'race, 'hall> Seat<'race, 'hall> {
    pub(super) fn new(shared: &'race Shared<'hall>, seat: usize) -> Self {
        let process = AtomicI32::new(shared.processes[seat]);
        Self { shared, process, died: AtomicBool::new(false) }
    }

    /// Whether this connection's process died since the last time this was asked.
    pub(super) fn take_death(&self) -> bool {
        self.died.swap(false, Ordering::Relaxed)
    }

    /// Another process takes the seat.
    pub(super) fn reseat(&self, till: &mut Till) -> QueryResult<()> {
        self.process.store(process(&mut till.database)?, Ordering::Relaxed);
        Ok(())
    }
}

impl Gap for Seat<'_, '_> {
    fn pause(&self) -> Result<(), Died> {
        let before = self.shared.reached.fetch_add(1, Ordering::SeqCst);
        match self.shared.arrangement {
            Arrangement::AsItComes => {}
            Arrangement::AllMeet => self.shared.meeting.arrive(),
            Arrangement::OneHesitates if before == 0 => self.shared.meeting.arrive(),
            Arrangement::OneHesitates => {}
            Arrangement::Die(deaths) if before < deaths => {
                self.died.store(true, Ordering::Relaxed);
                // If the server is gone, so is the connection.
                let _ = self.shared.end(self.process.load(Ordering::Relaxed));
                return Err(Died);
            }
            Arrangement::Die(_) => {}
        }
        Ok(())
    }
}
