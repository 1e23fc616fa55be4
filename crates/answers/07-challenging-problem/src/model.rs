//! The attempts as small programs, and every order in which their statements can run.
//!
//! A statement is one step, as PostgreSQL runs it: it sees what its isolation level may see, and
//! one that needs a lock is not run while somebody else holds it. That is true to PostgreSQL under
//! READ COMMITTED, where a statement that waited looks again, and under REPEATABLE READ as long as
//! the first statement, which takes the snapshot, waits for nobody. [`explore`] tries every schedule
//! of a few buyers and any moment of death; [`replay`] runs the same schedules on PostgreSQL and
//! compares, so that the model is evidence and not opinion.
//!
//! Own code instead of `stateright` or `loom`: the first counts states where schedules are to be
//! counted, the second knows atomics where statements are to be known. Switch to `stateright` when
//! the states no longer fit into memory.

mod explore;
mod replay;
mod trace;
mod world;

pub use explore::{Ending, Exploration, Tally, explore, schedules};
pub use replay::{Replay, replay};
pub use trace::Trace;
pub use world::{End, World};

/// What a transaction may see (PostgreSQL manual, 13.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Every statement sees what is committed when it starts.
    ReadCommitted,
    /// The transaction sees what was committed at its first statement, and may not change a row
    /// that somebody else has changed since.
    RepeatableRead,
}

/// One statement; what it does is in [`World::step`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `SELECT units`; none ends the purchase.
    Read,
    /// `SELECT units … FOR UPDATE`; none ends the purchase.
    ReadForUpdate,
    /// `UPDATE … SET units = ` what was read, less one.
    WriteBack,
    /// `UPDATE … SET units = units - 1 WHERE units > 0`; no row ends the purchase.
    TakeOne,
    /// `pg_advisory_xact_lock`.
    LockSale,
    /// `DECR` in Redis; below zero ends the purchase.
    Count,
    /// `INSERT` of the order, and `COMMIT`: whoever dies before the commit has stored neither.
    OrderAndCommit,
}

/// An attempt as the model knows it.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The isolation level of its transaction.
    pub isolation: Isolation,
    /// Whether it begins again after a serialization failure.
    pub retries: bool,
    /// Its statements, in order.
    pub steps: &'static [Step],
}

impl Program {
    /// Whether the units are counted in Redis.
    #[must_use]
    pub fn counts_in_redis(&self) -> bool {
        self.steps.contains(&Step::Count)
    }
}
