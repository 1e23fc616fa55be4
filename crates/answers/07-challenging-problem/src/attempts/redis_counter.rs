//! A counter in Redis decides, PostgreSQL stores the orders.

use evidence::RungKind;

use super::Attempt;
use crate::model::{Isolation, Program, Step};
use crate::store;
use crate::till::{Buyer, Gap, Sale, Till, Trouble};

pub(super) static ATTEMPT: Attempt = Attempt {
    id: "redis",
    kind: RungKind::Costly,
    name: "Redis counter in front",
    looked_right: "Nobody queues for a row, and who comes too late never reaches the database. But \
                   two systems share no transaction: a process that dies between them takes a unit \
                   along.",
    counts_in_redis: true,
    buy,
    program: Program {
        isolation: Isolation::ReadCommitted,
        retries: false,
        steps: &[Step::Count, Step::OrderAndCommit],
    },
};

fn buy(till: &mut Till, buyer: Buyer, gap: &dyn Gap) -> Result<Sale, Trouble> {
    let counter = till.counter.as_mut().ok_or(Trouble::NoCounter)?;
    if !counter.take()? {
        return Ok(Sale::SoldOut);
    }
    gap.pause()?;
    // No unit is given back after an error: an order may be stored although its answer got lost,
    // and then the unit would be sold twice. A process that died could not do it anyway.
    store::insert_order(&mut till.database, buyer)?;
    Ok(Sale::Sold)
}
