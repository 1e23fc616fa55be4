//! Read the stock, then write it.

use diesel::Connection;
use evidence::RungKind;

use super::Attempt;
use crate::model::{Isolation, Program, Step};
use crate::store;
use crate::till::{Buyer, Gap, Sale, Till, Trouble};

pub(super) static ATTEMPT: Attempt = Attempt {
    id: "read-then-write",
    kind: RungKind::Wrong,
    name: "read, then write",
    looked_right: "It is in a transaction, a CHECK guards the stock, and every test with one buyer \
                   passes. Two that read the same number also write the same number.",
    counts_in_redis: false,
    buy,
    program: Program {
        isolation: Isolation::ReadCommitted,
        retries: false,
        steps: &[Step::Read, Step::WriteBack, Step::OrderAndCommit],
    },
};

fn buy(till: &mut Till, buyer: Buyer, gap: &dyn Gap) -> Result<Sale, Trouble> {
    till.database.transaction(|connection| {
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
