//! The database and the counter that a race runs on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use evidence::{Failure, HookGuard, Stage};
use foundation::scratch::{Scratch, ScratchError};
use local_services::Purpose;

use crate::counter::{CounterServer, NoRedis};
use crate::store;
use crate::till::{Till, Trouble};

/// A database of its own with the tables of the sale, and Redis where there is one.
#[derive(Debug)]
pub struct Services {
    scratch: Scratch,
    counter: Result<CounterServer, NoRedis>,
}

impl Services {
    /// For a test.
    ///
    /// # Errors
    /// When there is no PostgreSQL.
    pub fn open(purpose: Purpose) -> Result<Self, Failure> {
        Self::on(Scratch::create(purpose)?, purpose)
    }

    /// For a demo run; keep the guard as long.
    ///
    /// # Errors
    /// When there is no PostgreSQL.
    pub fn for_demo(stage: &Stage) -> Result<(Self, HookGuard), Failure> {
        let (scratch, guard) = Scratch::for_demo(stage)?;
        Ok((Self::on(scratch, Purpose::Demo)?, guard))
    }

    fn on(scratch: Scratch, purpose: Purpose) -> Result<Self, Failure> {
        store::create_tables(&mut scratch.connect()?)?;
        let counter = CounterServer::find(purpose, scratch.name());
        Ok(Self { scratch, counter })
    }

    /// Why there is no Redis, where there is none.
    #[must_use]
    pub fn without_redis(&self) -> Option<&NoRedis> {
        self.counter.as_ref().err()
    }

    /// A pair of connections.
    ///
    /// # Errors
    /// When a server is gone.
    pub fn till(&self) -> Result<Till, Trouble> {
        let counter = self.counter.as_ref().ok().map(CounterServer::connect).transpose()?;
        let gone = |error: ScratchError| Trouble::Unreachable(error.to_string());
        Ok(Till { database: self.scratch.connect().map_err(gone)?, counter, retries: 0 })
    }

    /// A till whose statements are counted by Diesel itself, BEGIN and COMMIT included.
    pub(super) fn counted_till(&self, statements: &Arc<AtomicU64>) -> Result<Till, Trouble> {
        let mut till = self.till()?;
        let statements = Arc::clone(statements);
        till.database.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                statements.fetch_add(1, Ordering::Relaxed);
            }
        });
        Ok(till)
    }
}
