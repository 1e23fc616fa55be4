//! The same under REPEATABLE READ, where PostgreSQL refuses a lost update.

use evidence::RungKind;

use super::Attempt;
use crate::model::{Isolation, Program, Step};
use crate::store;
use crate::till::{Buyer, Gap, Sale, Till, Trouble};

pub(super) static ATTEMPT: Attempt = Attempt {
    id: "repeatable-read",
    kind: RungKind::Tempting,
    name: "REPEATABLE READ",
    looked_right: "One line of change, nothing is oversold any more, and the books balance. That \
                   buyers are sent away while units are left shows in no invariant of the stock.",
    counts_in_redis: false,
    buy,
    program: Program {
        isolation: Isolation::RepeatableRead,
        retries: false,
        steps: &[Step::Read, Step::WriteBack, Step::OrderAndCommit],
    },
};

pub(super) fn buy(till: &mut Till, buyer: Buyer, gap: &dyn Gap) -> Result<Sale, Trouble> {
    till.database.build_transaction().repeatable_read().run(|connection| {
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
