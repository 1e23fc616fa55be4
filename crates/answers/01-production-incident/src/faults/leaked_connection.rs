//! A leaked pooled connection: the note about an unknown order keeps the connection it used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web;
use error_handling::{Cause, Problem};

use super::{Case, Fault};
use crate::service::{Action, Feature, Part, Runs, State, Taken};
use crate::signals::Evidence;
use crate::store;

pub(super) static CASE: Case = Case {
    fault: Fault::LeakedConnection,
    title: "leaked pooled connection",
    injected: "a release notes who asks for orders that do not exist",
    mitigation: &[Action::Off(Feature::Notes), Action::Restart],
    evidence: |seen| Evidence {
        text: format!(
            "connections out of the order pool while no request is served: {} of {}",
            seen.pool_out, seen.pool_size
        ),
        present: seen.pool_out > 0,
    },
    cause: "the note about an unknown order puts its connection into a map and never gives it back",
    fix: "the note goes through the executor, which lends a connection to a closure and keeps it",
    prevention: "alert on connections out while nothing is in flight; no API hands connections out",
    hints: [
        "Look at what is used while nothing is going on: the database says it is bored, and yet \
         look-ups wait. Compare `metrics order_pool` with `activity`.",
        "Connections leave the pool and do not come back, one for each order that does not exist. \
         A `mitigate restart` gets them back; switch off what takes them first, with `mitigate off \
         notes`, or it comes back.",
        "It is a leaked pooled connection. Enter `mitigate off notes`, `mitigate restart`, `guess \
         leaked-connection`, `fix`.",
    ],
};

/// Notes about orders that do not exist.
pub(crate) struct Notes {
    pub(crate) part: Part,
    /// What the faulty release keeps. A mutex: written once per unknown order.
    kept: Arc<Mutex<HashMap<i64, Taken>>>,
}

impl Notes {
    pub(crate) fn new() -> Self {
        Self { part: Part::new(false), kept: Arc::default() }
    }

    pub(crate) async fn unknown(&self, state: &State, order: i64) -> Result<(), Problem> {
        match self.part.runs() {
            Runs::Nothing => Ok(()),
            Runs::Faulty => self.note_and_keep(state, order).await,
            Runs::Repaired => note_on_loan(state, order).await,
        }
    }

    /// Keeps the connection "for the next note about this order", which never comes.
    async fn note_and_keep(&self, state: &State, order: i64) -> Result<(), Problem> {
        let (pool, kept) = (Arc::clone(&state.pool), Arc::clone(&self.kept));
        let noted = web::block(move || {
            let mut taken = pool.take()?;
            store::note_unknown(&mut taken, order)?;
            kept.lock().unwrap_or_else(PoisonError::into_inner).insert(order, taken);
            Ok(())
        });
        noted.await.map_err(|_| Problem::internal(Cause::new("blocking pool")))?
    }

    /// What a restart does to it.
    pub(crate) fn forget(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The fix: the closure gets a reference, and a reference cannot be kept.
async fn note_on_loan(state: &State, order: i64) -> Result<(), Problem> {
    state.database.run_write(move |lent| store::note_unknown(lent, order)).await.map(|_| ())
}
