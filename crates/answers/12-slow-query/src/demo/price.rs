//! What an index costs everybody who writes.

use std::cell::RefCell;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use evidence::{Failure, Outcome, Quantity, Stage};
use foundation::explain::plan_of;
use foundation::scratch::number;

use super::observe::tried;
use crate::index::{COMPOSITE, COVERING, EXPRESSION, Index, PARTIAL};
use crate::tempting::{SINGLE, WRONG_ORDER};

/// The table whose inserts are counted, with the index in question, and one that never has any.
const WRITTEN: &str = "orders_written";
const BARE: &str = "orders_bare";

/// Orders inserted at once. Enough that the pages which happen to be split do not matter.
const BATCH: u64 = 2_000;

/// Everything that was tried, kept "to be on the safe side".
const EVERY_INDEX: [Index; 6] = [SINGLE, WRONG_ORDER, COMPOSITE, COVERING, PARTIAL, EXPRESSION];

/// Makes the two tables, with the oldest tenth of the orders in each: an index that is built by
/// inserting into nothing would be cheaper than any real one.
pub(super) fn prepare(connection: &mut PgConnection) -> QueryResult<()> {
    for table in [WRITTEN, BARE] {
        connection.batch_execute(&format!(
            "CREATE TABLE {table} (LIKE orders) WITH (autovacuum_enabled = off);
             INSERT INTO {table} SELECT * FROM orders
                 WHERE id <= (SELECT least(count(*) / 10, 200000) FROM orders)"
        ))?;
    }
    Ok(())
}

fn insert_into(table: &str) -> String {
    format!("INSERT INTO {table} SELECT * FROM orders ORDER BY id DESC LIMIT {BATCH}")
}

/// Bytes of write-ahead log that one insert takes on a table with these indexes.
///
/// The smaller of two runs: whichever follows a checkpoint logs whole pages, which is not the
/// index's doing. From the statement's own plan, so that nobody else's writes count.
pub(super) fn wal_per_insert(
    connection: &mut PgConnection,
    indexes: &[Index],
) -> Result<u64, Failure> {
    tried(connection, |connection| {
        for index in indexes {
            connection.batch_execute(&index.create(WRITTEN))?;
        }
        let mut run = || -> Result<u64, Failure> {
            let plan = plan_of(connection, diesel::sql_query(insert_into(WRITTEN)))?;
            Ok(plan.root.wal_bytes)
        };
        Ok(run()?.min(run()?) / BATCH)
    })
}

/// Counts and times what inserts pay.
pub(super) fn pay(stage: &Stage, connection: &mut PgConnection) -> Outcome {
    stage.step("The price: every insert keeps every index up");
    let mut wal = |indexes: &[Index]| wal_per_insert(connection, indexes);
    let (none, partial, covering) = (wal(&[])?, wal(&[PARTIAL])?, wal(&[COVERING])?);
    let every = wal(&EVERY_INDEX)?;
    stage.measure("wal-every", "log of one insert: all six indexes", Quantity::bytes(every));
    let [bare, part, whole, all] = [none, partial, covering, every].map(Quantity::bytes);
    stage.check(
        "covering-index-adds-to-every-insert",
        format!("one insert logs {bare} without an index, {whole} with the covering one"),
        covering * 10 >= none * 13,
    );
    stage.check(
        "partial-index-adds-to-few-inserts",
        format!("with the partial index one insert logs {part}"),
        none < partial && (partial - none) * 4 <= covering - none,
    );
    stage.check(
        "six-indexes-cost-several-inserts",
        format!("with all six indexes that were tried one insert logs {all}"),
        every >= 3 * none,
    );
    compare_times(stage, connection)?;
    let table = number(connection, "pg_relation_size('orders')")?;
    stage.measure("size-table", "the table", Quantity::bytes(table));
    stage.note("The log goes to every replica and into every backup, and vacuum reads each index.");
    Ok(())
}

/// New orders each time, committed without waiting for the disk: that wait is no index's doing.
fn compare_times(stage: &Stage, connection: &mut PgConnection) -> Outcome {
    connection.batch_execute(&COVERING.create(WRITTEN))?;
    connection.batch_execute("SET synchronous_commit = off")?;
    let newest = number(connection, "SELECT max(id) FROM orders")?;
    // Both variants need the one connection; they never run at once.
    let connection = RefCell::new(connection);
    let run = |table: &str, batch: &mut u64| -> Outcome {
        let last = newest - *batch * BATCH;
        *batch += 1;
        Ok(connection.borrow_mut().batch_execute(&format!(
            "INSERT INTO {table} SELECT * FROM orders WHERE id > {last} - {BATCH} AND id <= {last}"
        ))?)
    };
    let (mut left, mut right) = (0, 0);
    stage.compare(
        "insert-time",
        &format!("{BATCH} inserts"),
        12,
        ("no index", &mut || run(BARE, &mut left)),
        ("covering index", &mut || run(WRITTEN, &mut right)),
    )?;
    Ok(connection.borrow_mut().batch_execute("SET synchronous_commit = on")?)
}
