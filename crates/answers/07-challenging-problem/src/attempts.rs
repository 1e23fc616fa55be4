//! Seven attempts to sell each unit once. Each module says why it looked right, and holds the code
//! and, below it, the same steps for the [model](crate::model).

mod advisory_lock;
pub mod conditional_update;
mod read_then_write;
mod redis_counter;
mod repeatable_read;
mod repeatable_read_retry;
mod select_for_update;

use evidence::RungKind;

use crate::model::Program;
use crate::till::{Buyer, Gap, Sale, Till, Trouble};

/// One way to sell a unit to a buyer.
#[derive(Debug)]
pub struct Attempt {
    /// Stable name, part of the ids of checks and measurements.
    pub id: &'static str,
    /// Where it stands on the ladder.
    pub kind: RungKind,
    /// The name on the ladder.
    pub name: &'static str,
    /// Why somebody would write it, and believe in it.
    pub looked_right: &'static str,
    /// Whether the units are counted in Redis instead of in `sale_stock`.
    pub counts_in_redis: bool,
    /// The code.
    pub buy: Buy,
    /// The same as steps of the model.
    pub program: Program,
}

/// Serves one buyer. It calls the gap once for each decision, between the decision and the deed.
pub type Buy = fn(&mut Till, Buyer, &dyn Gap) -> Result<Sale, Trouble>;

/// All of them, in the order in which one arrives at them.
pub static ATTEMPTS: [&Attempt; 7] = [
    &read_then_write::ATTEMPT,
    &repeatable_read::ATTEMPT,
    &repeatable_read_retry::ATTEMPT,
    &select_for_update::ATTEMPT,
    &conditional_update::ATTEMPT,
    &advisory_lock::ATTEMPT,
    &redis_counter::ATTEMPT,
];

/// The attempt of this id.
///
/// # Panics
/// When there is none: ids are written in this crate alone.
#[must_use]
pub fn named(id: &str) -> &'static Attempt {
    ATTEMPTS
        .into_iter()
        .find(|attempt| attempt.id == id)
        .unwrap_or_else(|| unreachable!("no attempt is named {id}"))
}
