//! The other two kinds of partitioning, each on the case that it is for.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use evidence::{Outcome, Quantity, Stage};
use foundation::scratch::number;

use super::fill::rows;
use super::observe::executed;

const REGIONS: [&str; 4] = ["africa", "america", "asia", "europe"];
const HASHES: u64 = 8;

/// Entries in each of the two tables of this step, given those of the big ones.
pub(super) fn entries(entries: u64) -> u64 {
    entries / 15
}

/// Partitions by LIST and by HASH.
pub(super) fn show(stage: &Stage, connection: &mut PgConnection, entries: u64) -> Outcome {
    stage.step("LIST and HASH, each on the case that it is for");
    let rows = rows(0, entries, entries, stage.seed());
    by_list(stage, connection, &rows)?;
    stage.go_on()?;
    by_hash(stage, connection, &rows, entries)
}

/// LIST: a handful of values that live and die on their own, such as regions or big tenants.
fn by_list(stage: &Stage, connection: &mut PgConnection, rows: &str) -> Outcome {
    connection.batch_execute(
        "CREATE TABLE entries_by_region (LIKE log_entries, region text NOT NULL)
         PARTITION BY LIST (region)",
    )?;
    for region in REGIONS {
        connection.batch_execute(&format!(
            "CREATE TABLE entries_{region} PARTITION OF entries_by_region FOR VALUES IN ('{region}')"
        ))?;
    }
    let regions = REGIONS.join(",");
    connection.batch_execute(&format!(
        "INSERT INTO entries_by_region
         SELECT rows.*, ('{{{regions}}}'::text[])[1 + (id % 10 / 3)::int] FROM ({rows}) AS rows"
    ))?;
    let query = "SELECT count(*) FROM entries_by_region WHERE region = 'asia'";
    let plan = executed(connection, query)?;
    let count = "SELECT count(*) FROM entries_by_region";
    let others = format!("{count} WHERE region <> 'asia'");
    let (all, kept) = (number(connection, count)?, number(connection, &others)?);
    connection.batch_execute("DROP TABLE entries_asia")?;
    let left = number(connection, count)?;
    stage.check(
        "list-reads-and-drops-one-region",
        format!(
            "LIST reads {} of 4 regions, and dropping it takes {} entries and no other",
            plan.partitions_read.len(),
            Quantity::count(all - left),
        ),
        plan.partitions_read.len() == 1 && left == kept && left < all,
    );
    Ok(())
}

/// HASH: no natural ranges, and one table is too much for one vacuum or one disk.
fn by_hash(stage: &Stage, connection: &mut PgConnection, rows: &str, entries: u64) -> Outcome {
    connection
        .batch_execute("CREATE TABLE entries_by_hash (LIKE log_entries) PARTITION BY HASH (id)")?;
    for remainder in 0..HASHES {
        connection.batch_execute(&format!(
            "CREATE TABLE entries_by_hash_{remainder} PARTITION OF entries_by_hash
                 FOR VALUES WITH (MODULUS {HASHES}, REMAINDER {remainder})"
        ))?;
    }
    connection
        .batch_execute(&format!("INSERT INTO entries_by_hash SELECT * FROM ({rows}) AS rows"))?;
    let mut sizes = Vec::new();
    for remainder in 0..HASHES {
        let count = format!("SELECT count(*) FROM entries_by_hash_{remainder}");
        sizes.push(number(connection, &count)?);
    }
    let read = |connection: &mut PgConnection, condition: &str| -> QueryResult<usize> {
        let query = format!("SELECT count(*) FROM entries_by_hash WHERE {condition}");
        Ok(executed(connection, &query)?.partitions_read.len())
    };
    let key = entries / 2;
    let one = read(connection, &format!("id = {key}"))?;
    let range = read(connection, &format!("id >= {key} AND id < {key} + 10"))?;
    let (least, most) = (sizes.iter().min().copied(), sizes.iter().max().copied());
    let (least, most) = (least.unwrap_or(0), most.unwrap_or(0));
    stage.check(
        "hash-spreads-evenly",
        format!(
            "HASH puts {} to {} entries into each of {HASHES} partitions",
            Quantity::count(least),
            Quantity::count(most),
        ),
        least > 0 && most * 4 <= least * 5 && sizes.iter().sum::<u64>() == entries,
    );
    stage.check(
        "hash-finds-a-key-and-no-range",
        format!(
            "HASH reads {one} of {HASHES} partitions for a key and {range} for a range of keys"
        ),
        one == 1 && range == sizes.len(),
    );
    Ok(())
}
