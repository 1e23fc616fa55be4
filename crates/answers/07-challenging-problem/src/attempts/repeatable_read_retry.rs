//! REPEATABLE READ, and whoever collides begins again.

use evidence::RungKind;

use super::{Attempt, repeatable_read};
use crate::model::{Isolation, Program, Step};
use crate::till::{Buyer, Gap, Sale, Till, Trouble};

pub(super) static ATTEMPT: Attempt = Attempt {
    id: "retry",
    kind: RungKind::Costly,
    name: "REPEATABLE READ, retry",
    looked_right: "It is right. On a hot row most of the work is thrown away; where buyers rarely \
                   meet it costs no more than a lock, and whoever hesitates before the write \
                   holds nobody up.",
    counts_in_redis: false,
    buy,
    program: Program {
        isolation: Isolation::RepeatableRead,
        retries: true,
        steps: &[Step::Read, Step::WriteBack, Step::OrderAndCommit],
    },
};

/// No limit and no pause between tries: each collision means that somebody else bought a unit, so
/// nobody begins again more often than there were units.
fn buy(till: &mut Till, buyer: Buyer, gap: &dyn Gap) -> Result<Sale, Trouble> {
    loop {
        match repeatable_read::buy(till, buyer, gap) {
            Err(trouble) if trouble.is_serialization_failure() => till.retries += 1,
            outcome => return outcome,
        }
    }
}
