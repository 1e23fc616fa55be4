//! The demo: the same year of log entries in one table and in twelve partitions.
//!
//! Read `reads.rs` (what pruning saves), `retention.rs` (what DROP saves), then `limits.rs` (what
//! partitions cost).

mod fill;
mod ingest;
mod kinds;
mod limits;
mod observe;
mod planning;
mod reads;
mod retention;

use diesel::connection::SimpleConnection;
use evidence::{Needs, Outcome, Quantity, Scale, Stage, Story};
use foundation::scratch::Scratch;

use reads::Reads;
use retention::Retention;

/// Entries in each of the two big tables.
fn entries(scale: Scale) -> u64 {
    match scale {
        Scale::Quick => 120_000,
        Scale::Default => 3_000_000,
        Scale::Full => 20_000_000,
    }
}

pub(crate) fn needs(scale: Scale) -> Needs {
    let entries = entries(scale);
    Needs {
        // Rounded up: this is a promise, not a count.
        rows: (2 * entries + 2 * kinds::entries(entries)).next_multiple_of(100_000),
        // Two tables, their indexes, and as much again in the write-ahead log.
        disk_bytes: entries * 700 + 20_000_000,
        memory_bytes: 30_000_000,
    }
}

pub(crate) fn perform(stage: &Stage) -> Outcome {
    let (scratch, _guard) = Scratch::for_demo(stage)?;
    let mut connection = scratch.connect()?;
    // One process and no compilation, so that the counts are the same on every machine.
    connection.batch_execute(
        "SET TIME ZONE 'UTC';
         SET max_parallel_workers_per_gather = 0; SET jit = off; SET work_mem = '64MB'",
    )?;
    let entries = entries(stage.scale());
    fill::fill(stage, &mut connection, entries)?;
    stage.measure("entries", "entries in each of the two tables", Quantity::count(entries));
    let reads = reads::climb(stage, &mut connection)?;
    limits::show(stage, &mut connection, entries)?;
    let retention = retention::compare(stage, &mut connection)?;
    planning::climb(stage, &mut connection)?;
    kinds::show(stage, &mut connection, kinds::entries(entries))?;
    ingest::show(stage, &mut connection)?;
    stage.story(story(entries, reads, retention));
    Ok(())
}

fn story(entries: u64, reads: Reads, retention: Retention) -> Story {
    let count = Quantity::count(entries);
    Story {
        situation: format!(
            "A log of {count} entries in one table: a report over the last month read all of it, \
             and deleting old entries never made the disk any emptier."
        ),
        task: "Read one month for a question about one month, and let old months go at once."
            .to_owned(),
        action: "Partitioned by month, wrote time as a half-open range, had a daily job make the \
                 months to come and drop the expired ones, and measured an index as well."
            .to_owned(),
        result: format!(
            "{} instead of {} for the report. A small index did that, too; what it could not do is \
             retention: {} of write-ahead log instead of {} for a month, and its disk back.",
            Quantity::buffers(reads.partitioned),
            Quantity::buffers(reads.plain),
            Quantity::bytes(retention.drop_wal),
            Quantity::bytes(retention.delete_wal),
        ),
    }
}
