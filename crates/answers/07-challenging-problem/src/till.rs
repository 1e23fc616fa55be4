//! What an attempt is given, and what it answers.

use diesel::PgConnection;
use diesel::result::{DatabaseErrorKind, Error};

use crate::counter::Counter;
use crate::store;

/// Somebody who wants one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buyer {
    /// Who: 0, 1, 2 and so on.
    pub number: i64,
    /// Of which product.
    pub product: i64,
}

/// One of the connections over which buyers are served, one after the other.
pub struct Till {
    /// Its connection to PostgreSQL.
    pub database: PgConnection,
    /// Its connection to the counter in Redis, where there is one.
    pub counter: Option<Counter>,
    /// How often a transaction had to begin again.
    pub retries: u64,
}

impl std::fmt::Debug for Till {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Till").field("retries", &self.retries).finish_non_exhaustive()
    }
}

impl Till {
    /// No orders, and `units` of each of so many products, in PostgreSQL as in Redis.
    ///
    /// # Errors
    /// When a server is gone.
    pub fn stock_up(&mut self, products: u32, units: u32) -> Result<(), Trouble> {
        let in_table = i32::try_from(units).unwrap_or(i32::MAX);
        store::stock_up(&mut self.database, i64::from(products), in_table)?;
        if let Some(counter) = &mut self.counter {
            counter.stock_up(u64::from(units))?;
        }
        Ok(())
    }

    /// Units left, in Redis if the attempt counts them there, and orders stored.
    ///
    /// # Errors
    /// When a server is gone.
    pub fn books(&mut self, counts_in_redis: bool) -> Result<(u64, u64), Trouble> {
        let left = match &mut self.counter {
            Some(counter) if counts_in_redis => counter.left()?,
            _ => store::left(&mut self.database)?,
        };
        Ok((left, store::sold(&mut self.database)?))
    }
}

/// What a buyer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sale {
    /// The unit is theirs.
    Sold,
    /// There is none left.
    SoldOut,
}

/// The moment between what an attempt has learnt and what it makes of it. In production other
/// requests run there, or the process dies; a race arranges which.
pub trait Gap {
    /// Returns when the attempt may go on.
    ///
    /// # Errors
    /// [`Died`], when it goes no further.
    fn pause(&self) -> Result<(), Died>;
}

/// The process that served the buyer is gone. Nothing runs after this, least of all clean-up.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the process died")]
pub struct Died;

/// Why a buyer got no answer.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// PostgreSQL refused.
    #[error(transparent)]
    Database(#[from] Error),
    /// Redis refused.
    #[error(transparent)]
    Counter(#[from] redis::RedisError),
    /// The attempt needs Redis, and there is none.
    #[error("there is no Redis")]
    NoCounter,
    /// PostgreSQL does not answer.
    #[error("{0}")]
    Unreachable(String),
    /// See [`Died`].
    #[error(transparent)]
    Died(#[from] Died),
}

impl Trouble {
    /// Whether the transaction collided with another and may begin again (SQLSTATE 40001).
    #[must_use]
    pub fn is_serialization_failure(&self) -> bool {
        matches!(
            self,
            Self::Database(Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _))
        )
    }
}
