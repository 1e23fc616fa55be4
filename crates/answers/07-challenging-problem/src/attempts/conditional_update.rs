//! Look and write in one statement.

use diesel::Connection;
use evidence::RungKind;

use super::Attempt;
use crate::model::{Isolation, Program, Step};
use crate::store;
use crate::till::{Buyer, Gap, Sale, Till, Trouble};

pub(super) static ATTEMPT: Attempt = Attempt {
    id: "conditional",
    kind: RungKind::Right,
    name: "UPDATE … WHERE units > 0",
    looked_right: "It is right: the database looks and writes at once, asks the condition again \
                   after waiting, and nothing the code read can be out of date.",
    counts_in_redis: false,
    buy,
    program: Program {
        isolation: Isolation::ReadCommitted,
        retries: false,
        steps: &[Step::TakeOne, Step::OrderAndCommit],
    },
};

fn buy(till: &mut Till, buyer: Buyer, gap: &dyn Gap) -> Result<Sale, Trouble> {
    till.database.transaction(|connection| {
        if !store::take_one(connection, buyer.product)? {
            return Ok(Sale::SoldOut);
        }
        gap.pause()?;
        store::insert_order(connection, buyer)?;
        Ok(Sale::Sold)
    })
}

/// The same without a gap: one round trip, and the row is locked for no longer than the commit
/// takes. Chosen when the row is hot; the code can do nothing in between.
///
/// # Errors
/// Whatever PostgreSQL says.
pub fn buy_in_one_statement(till: &mut Till, buyer: Buyer, _: &dyn Gap) -> Result<Sale, Trouble> {
    let taken = store::take_and_order(&mut till.database, buyer)?;
    Ok(if taken { Sale::Sold } else { Sale::SoldOut })
}
