//! What a row costs that everybody wants.

use std::cell::RefCell;

use evidence::{Outcome, Quantity, Scale, Stage};

use crate::attempts::{Buy, conditional_update::buy_in_one_statement, named};
use crate::race::{Arrangement, CONNECTIONS, Hall, Race};

/// Each of them gets a unit: a row is hot only while it is written.
pub(super) fn buyers(scale: Scale) -> u32 {
    if scale == Scale::Quick { 40 } else { 200 }
}

/// How often each variant is run.
pub(super) fn rounds(scale: Scale) -> u32 {
    match scale {
        Scale::Quick => 2,
        Scale::Default => 12,
        Scale::Full => 40,
    }
}

/// Compares.
pub(super) fn compare(stage: &Stage, hall: &mut Hall<'_>) -> Outcome {
    let buyers = buyers(stage.scale());
    stage.step(format!("When it is wrong: one hot row, {buyers} buyers who each get a unit"));
    let [conditional, retry, lock] = ["conditional", "retry", "for-update"].map(|id| named(id).buy);
    let products = u32::try_from(CONNECTIONS)?;
    let rounds = rounds(stage.scale());
    // Both variants need the one hall; they never run at once.
    let shared = RefCell::new(&mut *hall);
    let run = |buy, products| sell(&mut shared.borrow_mut(), &race(buy, buyers, products));
    stage.compare(
        "hot-row",
        "the conditional UPDATE on one row, and spread over a row for each connection",
        rounds,
        ("one row", &mut || run(conditional, 1)),
        ("twenty rows", &mut || run(conditional, products)),
    )?;
    stage.compare(
        "one-statement",
        "one hot row: UPDATE and INSERT in a transaction, and in one statement",
        rounds,
        ("four round trips", &mut || run(conditional, 1)),
        ("one statement", &mut || run(buy_in_one_statement, 1)),
    )?;
    stage.compare(
        "no-contention",
        "a row for each connection: REPEATABLE READ with retry, and FOR UPDATE",
        rounds,
        ("retry", &mut || run(retry, products)),
        ("FOR UPDATE", &mut || run(lock, products)),
    )?;
    check_retries(stage, hall, &race(retry, buyers, products))
}

/// Whoever meets nobody begins nothing again, even when all stand between look and write at once.
fn check_retries(stage: &Stage, hall: &mut Hall<'_>, retry: &Race) -> Outcome {
    let seen = hall.run(&Race { arrangement: Arrangement::AllMeet, ..*retry })?;
    stage.check(
        "without-contention-nothing-is-retried",
        format!(
            "a row for each connection: {} sales, {} retries",
            Quantity::count(seen.sold),
            seen.retries
        ),
        seen.retries == 0 && seen.sold_exactly_the_stock(),
    );
    Ok(())
}

fn race(buy: Buy, buyers: u32, products: u32) -> Race {
    Race {
        buy,
        counts_in_redis: false,
        stock: buyers / products,
        buyers,
        products,
        arrangement: Arrangement::AsItComes,
    }
}

fn sell(hall: &mut Hall<'_>, race: &Race) -> Outcome {
    let seen = hall.run(race)?;
    if seen.sold_exactly_the_stock() {
        Ok(())
    } else {
        Err(format!("{} of {} units were sold", seen.sold, seen.stock).into())
    }
}
