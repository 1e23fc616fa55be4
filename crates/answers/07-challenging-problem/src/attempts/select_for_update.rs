//! Read the stock and lock it in one go.

use diesel::Connection;
use evidence::RungKind;

use super::Attempt;
use crate::model::{Isolation, Program, Step};
use crate::store;
use crate::till::{Buyer, Gap, Sale, Till, Trouble};

pub(super) static ATTEMPT: Attempt = Attempt {
    id: "for-update",
    kind: RungKind::Costly,
    name: "SELECT … FOR UPDATE",
    looked_right: "It is right, also where code has to decide between reading and writing. The row \
                   is locked for all of that time, and buyers queue even to learn that it is sold \
                   out.",
    counts_in_redis: false,
    buy,
    program: Program {
        isolation: Isolation::ReadCommitted,
        retries: false,
        steps: &[Step::ReadForUpdate, Step::WriteBack, Step::OrderAndCommit],
    },
};

fn buy(till: &mut Till, buyer: Buyer, gap: &dyn Gap) -> Result<Sale, Trouble> {
    till.database.transaction(|connection| {
        let units = store::units_for_update(connection, buyer.product)?;
        if units == 0 {
            return Ok(Sale::SoldOut);
        }
        gap.pause()?;
        store::write_units(connection, buyer.product, units - 1)?;
        store::insert_order(connection, buyer)?;
        Ok(Sale::Sold)
    })
}
