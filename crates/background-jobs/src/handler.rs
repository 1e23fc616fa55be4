//! What a handler is given, and what it answers.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::BigInt;
use error_handling::{Cause, Problem};
use foundation::database::Database;

use crate::JobId;
use crate::store::Held;

/// One attempt at one job.
#[derive(Clone, Debug)]
pub struct Attempt<P> {
    /// What is to be done.
    pub payload: P,
    /// Which attempt this is, from 1. A job whose worker died has a further attempt.
    pub number: u32,
    /// When the job was enqueued.
    pub enqueued_at: DateTime<Utc>,
    pub(crate) ticket: Ticket,
    pub(crate) database: Database,
}

impl<P> Attempt<P> {
    /// The job; the same in every attempt, so it serves others as an idempotency key.
    #[must_use]
    pub fn id(&self) -> JobId {
        self.ticket.held.id
    }

    /// Threads and connections for the handlers of this process, apart from those that serve HTTP.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// What completes the job inside a transaction of the handler's own.
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        self.ticket.clone()
    }
}

/// The right to complete a job, good until the lease is lost. A job is done when its handler
/// returns `Ok`; what the handler wrote may then have been written twice, if the worker died between
/// the two. [`Ticket::complete`] makes them one.
#[derive(Clone, Debug)]
pub struct Ticket {
    held: Held,
    /// Shared by its clones and with the keeper, which then has nothing to write any more.
    completed: Arc<AtomicBool>,
}

impl Ticket {
    pub(crate) fn new(held: Held) -> Self {
        Self { held, completed: Arc::default() }
    }

    /// Completes the job in the transaction that holds the handler's effects: both happen or
    /// neither does, and exactly once. Call it in that transaction, then return `Ok`.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the lease was lost; let it roll the transaction back.
    pub fn complete(&self, connection: &mut PgConnection) -> QueryResult<()> {
        let deleted = diesel::sql_query("DELETE FROM background_jobs WHERE id = $1 AND lease = $2")
            .bind::<BigInt, _>(self.held.id.get())
            .bind::<BigInt, _>(self.held.lease)
            .execute(connection)?;
        if deleted == 0 {
            return Err(Error::NotFound);
        }
        self.completed.store(true, Ordering::Release);
        Ok(())
    }

    /// Whether the handler has completed the job itself, as far as this process knows.
    pub(crate) fn is_completed(&self) -> bool {
        self.completed.load(Ordering::Acquire)
    }
}

/// Why an attempt failed, in words that hold nothing of the payload: they are stored and logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    pub(crate) reason: Cow<'static, str>,
    pub(crate) next: Next,
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another attempt, at the pace of the kind.
    Again,
    /// Another attempt, not before this.
    NotBefore(Duration),
    /// None: the same would fail the same way.
    Never,
}

impl Failure {
    /// May succeed another time: tried again at the pace of its kind, as often as that allows.
    pub fn again(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), next: Next::Again }
    }

    /// The same, not before `wait` is over, for a partner that said when to come back.
    pub fn again_after(reason: impl Into<Cow<'static, str>>, wait: Duration) -> Self {
        Self { reason: reason.into(), next: Next::NotBefore(wait) }
    }

    /// Will fail every time: to the dead letters at once.
    pub fn for_good(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), next: Next::Never }
    }
}

/// Tried again, whatever it was: at worst it takes some attempts longer to the dead letters.
impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        match problem.cause() {
            Some(cause) => Self::again(cause.to_string()),
            None => Self::again(problem.to_string()),
        }
    }
}

/// Tried again; only the kind of error and the names of constraint, table and column are kept.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::again(Cause::database(&error).to_string())
    }
}
