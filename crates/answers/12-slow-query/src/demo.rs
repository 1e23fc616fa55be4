//! The demo: one slow query, found, read, and fixed in all the ways that come to mind.
//!
//! Read `offender.rs` (which statement), `ladder.rs` (what each index changes), `price.rs` and
//! `badge.rs` (what it costs), then `limits.rs` (when an index is the wrong answer).

mod badge;
mod clients;
mod guard;
mod ladder;
mod limits;
mod observe;
mod offender;
mod price;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use evidence::{Needs, Outcome, Quantity, Scale, Stage, Story};
use foundation::scratch::{Scratch, ScratchError};

use crate::orders::{self, Year};
pub(crate) use ladder::INDEX_DROPPED;

/// Orders copied by one statement: progress is seen and a stop is quick.
const CHUNK: u64 = 50_000;

/// For a session that stands for "no index" on a table that others read by index: the plan is the
/// one of a table without indexes.
const FORBID_INDEXES: &str = "\
SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off";
const ALLOW_INDEXES: &str = "\
RESET enable_indexscan; RESET enable_indexonlyscan; RESET enable_bitmapscan";

/// Orders in the table.
fn orders_at(scale: Scale) -> u64 {
    match scale {
        Scale::Quick => 60_000,
        Scale::Default => 2_000_000,
        Scale::Full => 10_000_000,
    }
}

pub(crate) fn needs(scale: Scale) -> Needs {
    let orders = orders_at(scale);
    Needs {
        // The orders, and a tenth of them twice, for the price of an insert.
        rows: orders + orders / 4 + 100_000,
        // The table, its indexes, and as much again in the write-ahead log.
        disk_bytes: orders * 900 + 50_000_000,
        memory_bytes: 30_000_000,
    }
}

pub(crate) fn perform(stage: &Stage) -> Outcome {
    let (scratch, _guard) = Scratch::for_demo(stage)?;
    let mut connection = connect(&scratch)?;
    let count = orders_at(stage.scale());
    fill(stage, &mut connection, Year { orders: count, seed: stage.seed() })?;
    offender::find(stage, &mut connection)?;
    price::prepare(&mut connection)?;
    let seen = ladder::climb(stage, &mut connection)?;
    price::pay(stage, &mut connection)?;
    let p99 = clients::compare(stage, &scratch)?;
    badge::climb(stage, &scratch, &mut connection)?;
    guard::show(stage, &mut connection)?;
    limits::show(stage, &mut connection)?;
    stage.story(story(count, seen, p99));
    Ok(())
}

/// A connection with one process per statement and no compilation, so that the counts are the same
/// on every machine.
fn connect(scratch: &Scratch) -> Result<PgConnection, ScratchError> {
    let mut connection = scratch.connect()?;
    connection.batch_execute(
        "SET TIME ZONE 'UTC'; SET max_parallel_workers_per_gather = 0; SET jit = off;
         SET maintenance_work_mem = '256MB'",
    )?;
    Ok(connection)
}

fn fill(stage: &Stage, connection: &mut PgConnection, year: Year) -> Outcome {
    stage.step("Copy one year of orders");
    stage.note(
        "Few sellers take most orders, and one order in ten is open. Automatic vacuum is off, so \
         that nothing but the statements shown here changes what is counted.",
    );
    orders::create(connection)?;
    let mut progress = stage.progress("copy the orders", year.orders, "orders");
    for first in (0..year.orders).step_by(usize::try_from(CHUNK)?) {
        let last = (first + CHUNK).min(year.orders);
        orders::copy(connection, year, first..last)?;
        progress.advance(last - first)?;
    }
    orders::finish(connection)?;
    stage.go_on()?;
    Ok(())
}

fn story(count: u64, seen: ladder::Seen, p99: clients::P99) -> Story {
    let orders = Quantity::count(count);
    let [before, after] = [p99.before, p99.after].map(Quantity::duration);
    Story {
        situation: format!(
            "The dashboard of a marketplace with {orders} orders: with 16 sellers at once, one page \
             in a hundred took {before} or more."
        ),
        task: "Make the page fast without making every order slow to place.".to_owned(),
        action: "Found the statement by what it took in total, read its plan, and tried six \
                 indexes; kept the one whose columns stand in the order of the question and hold \
                 the answer, and put a rule on its plan into the tests."
            .to_owned(),
        result: format!(
            "{} instead of {} for a page, and {after} at the 99th percentile. Each insert pays for \
             it with {} more write-ahead log.",
            Quantity::buffers(seen.covering),
            Quantity::buffers(seen.none),
            Quantity::bytes(seen.extra_wal),
        ),
    }
}
