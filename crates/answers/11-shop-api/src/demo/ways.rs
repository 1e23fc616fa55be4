//! Six ways to sell the last unit, told apart by their statements alone.

use std::sync::atomic::{AtomicBool, Ordering};

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::Text;
use error_handling::Rejection;
use evidence::RungKind;

use super::last_units::SKUS;
use super::meeting::Meeting;
use crate::model::{Line, Quantity, Sku};
use crate::store::stock;
use crate::tempting::{look, take, write_back};

/// One way to sell.
pub(super) struct Way {
    pub(super) kind: RungKind,
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) sell: fn(&mut PgConnection, &Buyer<'_>) -> Verdict,
}

pub(super) const WAYS: [Way; 6] = [
    Way { kind: RungKind::Wrong, id: "look", name: "look, then write", sell: look_first },
    Way { kind: RungKind::Tempting, id: "check", name: "CHECK alone", sell: check_alone },
    Way {
        kind: RungKind::Tempting,
        id: "cart",
        name: "UPDATE … WHERE, cart order",
        sell: as_carted,
    },
    Way { kind: RungKind::Right, id: "right", name: "UPDATE … WHERE, sku order", sell: in_order },
    Way { kind: RungKind::Costly, id: "table", name: "table locked", sell: table_locked },
    Way { kind: RungKind::Costly, id: "again", name: "SERIALIZABLE, retry", sell: serializable },
];

/// What a buyer was told, and how often the checkout was begun again.
pub(super) enum Verdict {
    Ordered { again: u64 },
    SoldOut { again: u64 },
    Failed,
}

/// One who wants both, and whom to wait for.
pub(super) struct Buyer<'round> {
    game_first: bool,
    all: &'round Meeting,
    first: &'round First,
}

/// The first buyer of either order waits for the other once it has its first line; nobody else does.
pub(super) struct First {
    came: [AtomicBool; 2],
    both: Meeting,
}

impl First {
    pub(super) fn new() -> Self {
        Self { came: Default::default(), both: Meeting::of(2) }
    }
}

impl<'round> Buyer<'round> {
    /// Every other buyer has the game first in the cart.
    pub(super) fn new(number: usize, all: &'round Meeting, first: &'round First) -> Self {
        Self { game_first: number % 2 == 1, all, first }
    }

    fn cart(&self) -> [&'static str; 2] {
        let [console, game] = SKUS;
        if self.game_first { [game, console] } else { SKUS }
    }

    fn has_first_line(&self) {
        if !self.first.came[usize::from(self.game_first)].swap(true, Ordering::SeqCst) {
            self.first.both.attend();
        }
    }
}

/// What a transaction of a checkout ends with.
fn verdict(outcome: &Result<bool, Error>, again: u64) -> Verdict {
    match outcome {
        Ok(true) => Verdict::Ordered { again },
        Ok(false) | Err(Error::RollbackTransaction) => Verdict::SoldOut { again },
        Err(_) => Verdict::Failed,
    }
}

/// The program decides by what it read, and writes what it worked out.
fn look_first(till: &mut PgConnection, buyer: &Buyer<'_>) -> Verdict {
    let sold = till.transaction(|till| {
        let left = SKUS.map(|sku| look(till, sku));
        buyer.all.attend();
        for (sku, left) in SKUS.into_iter().zip(left) {
            let left = left?;
            if left < 1 {
                return Ok(false);
            }
            write_back(till, sku, left - 1)?;
        }
        Ok(true)
    });
    verdict(&sold, 0)
}

/// Nobody looks: the constraint refuses what is not there, and its refusal is an error like others.
fn check_alone(till: &mut PgConnection, _: &Buyer<'_>) -> Verdict {
    let sold = till.transaction(|till| {
        for sku in SKUS {
            take(till, sku)?;
        }
        Ok(true)
    });
    verdict(&sold, 0)
}

const RESERVE: &str = "UPDATE shop_stock SET available = available - 1, reserved = reserved + 1 \
                       WHERE sku = $1 AND available >= 1";

fn reserve(till: &mut PgConnection, sku: &str) -> QueryResult<()> {
    match diesel::sql_query(RESERVE).bind::<Text, _>(sku).execute(till)? {
        0 => Err(Error::RollbackTransaction),
        _ => Ok(()),
    }
}

/// The right statement, in whatever order the cart has its lines.
fn as_carted(till: &mut PgConnection, buyer: &Buyer<'_>) -> Verdict {
    let sold = till.transaction(|till| {
        let [first, second] = buyer.cart();
        reserve(till, first)?;
        buyer.has_first_line();
        reserve(till, second)?;
        Ok(true)
    });
    verdict(&sold, 0)
}

/// What the server itself runs: both lines in one statement, locked in order of sku.
fn in_order(till: &mut PgConnection, buyer: &Buyer<'_>) -> Verdict {
    let Ok(lines) = buyer.cart().into_iter().map(one).collect::<Result<Vec<_>, _>>() else {
        return Verdict::Failed;
    };
    let sold = till.transaction(|till| match stock::reserve(till, &lines)?.len() {
        2 => Ok(true),
        _ => Err(Error::RollbackTransaction),
    });
    verdict(&sold, 0)
}

fn one(sku: &str) -> Result<Line, Rejection> {
    Ok(Line { sku: Sku::parse(sku)?, quantity: Quantity::new(1)? })
}

/// Looking is safe while nobody else may write anything, of whatever product.
fn table_locked(till: &mut PgConnection, _: &Buyer<'_>) -> Verdict {
    let sold = till.transaction(|till| {
        diesel::sql_query("LOCK TABLE shop_stock IN EXCLUSIVE MODE").execute(till)?;
        take_what_is_there(till, || {})
    });
    verdict(&sold, 0)
}

/// Looking is safe where PostgreSQL refuses whoever looked at what somebody else changed.
fn serializable(till: &mut PgConnection, buyer: &Buyer<'_>) -> Verdict {
    for again in 0.. {
        let sold = till.build_transaction().serializable().run(|till| {
            let meet = || {
                if again == 0 {
                    buyer.all.attend();
                }
            };
            take_what_is_there(till, meet)
        });
        if !matches!(sold, Err(Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _))) {
            return verdict(&sold, again);
        }
    }
    Verdict::Failed
}

fn take_what_is_there(till: &mut PgConnection, looked: impl Fn()) -> QueryResult<bool> {
    let mut left = Vec::new();
    for sku in SKUS {
        left.push(look(till, sku)?);
    }
    looked();
    if left.iter().any(|left| *left < 1) {
        return Ok(false);
    }
    for sku in SKUS {
        take(till, sku)?;
    }
    Ok(true)
}
