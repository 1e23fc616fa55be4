//! A lock that has a name instead of a row.

use diesel::Connection;
use evidence::RungKind;

use super::Attempt;
use crate::model::{Isolation, Program, Step};
use crate::store;
use crate::till::{Buyer, Gap, Sale, Till, Trouble};

pub(super) static ATTEMPT: Attempt = Attempt {
    id: "advisory",
    kind: RungKind::Costly,
    name: "advisory lock",
    looked_right: "It is right as long as every writer remembers the lock; the database reminds \
                   nobody. Good where there is no row to lock yet.",
    counts_in_redis: false,
    buy,
    program: Program {
        isolation: Isolation::ReadCommitted,
        retries: false,
        steps: &[Step::LockSale, Step::Read, Step::WriteBack, Step::OrderAndCommit],
    },
};

fn buy(till: &mut Till, buyer: Buyer, gap: &dyn Gap) -> Result<Sale, Trouble> {
    till.database.transaction(|connection| {
        store::lock_sale(connection, buyer.product)?;
        let units = store::units(connection, buyer.product)?;
        if units == 0 {
            return Ok(Sale::SoldOut);
        }
        gap.pause()?;
        store::write_units(connection, buyer.product, units - 1)?;
        store::insert_order(connection, buyer)?;
        Ok(Sale::Sold)
    })
}
