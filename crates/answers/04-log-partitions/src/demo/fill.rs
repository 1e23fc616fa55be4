//! The data: one year of entries, the same in a plain and in a partitioned table.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use evidence::{Outcome, Stage};

/// Entries made by one statement: progress is seen and a stop is quick, while the memory that a
/// statement needs stays the same at every scale.
const CHUNK: u64 = 100_000;

/// First days of the months of 2025, and of the one after.
pub(super) const MONTHS: [&str; 13] = [
    "2025-01-01",
    "2025-02-01",
    "2025-03-01",
    "2025-04-01",
    "2025-05-01",
    "2025-06-01",
    "2025-07-01",
    "2025-08-01",
    "2025-09-01",
    "2025-10-01",
    "2025-11-01",
    "2025-12-01",
    "2026-01-01",
];

/// Makes both tables and fills them.
pub(super) fn fill(stage: &Stage, connection: &mut PgConnection, entries: u64) -> Outcome {
    stage.step("Write one year of log entries into one table and into twelve partitions");
    stage.note(
        "Neither has an index at first. Automatic vacuum is off for both, so that nothing but the \
         statements shown here changes what is counted.",
    );
    connection.batch_execute(
        "CREATE TABLE entries_plain (LIKE log_entries) WITH (autovacuum_enabled = off);
         CREATE TABLE entries_by_month (LIKE log_entries) PARTITION BY RANGE (logged_at)",
    )?;
    for month in MONTHS.windows(2) {
        connection.batch_execute(&partition_of("entries_by_month", month[0], month[1]))?;
    }
    let mut progress = stage.progress("fill both tables", entries, "entries");
    for first in (0..entries).step_by(usize::try_from(CHUNK)?) {
        let chunk = CHUNK.min(entries - first);
        let rows = rows(first, first + chunk, entries, stage.seed());
        connection.batch_execute(&format!(
            "WITH fresh AS MATERIALIZED ({rows}),
                  plain AS (INSERT INTO entries_plain SELECT * FROM fresh)
             INSERT INTO entries_by_month SELECT * FROM fresh"
        ))?;
        progress.advance(chunk)?;
    }
    for table in ["entries_plain", "entries_by_month"] {
        stage.go_on()?;
        connection.batch_execute(&format!("VACUUM (ANALYZE) {table}"))?;
    }
    Ok(())
}

/// The name of a month's partition, such as `entries_by_month_2025_01`.
pub(super) fn partition_name(table: &str, from: &str) -> String {
    format!("{table}_{}", from[..7].replace('-', "_"))
}

/// The statement that makes a partition for a range of time.
pub(super) fn partition_of(table: &str, from: &str, to: &str) -> String {
    format!(
        "CREATE TABLE {} PARTITION OF {table} FOR VALUES FROM ('{from}') TO ('{to}')
             WITH (autovacuum_enabled = off)",
        partition_name(table, from)
    )
}

/// Rows `first` to `last` of a year that has `entries`, in the order of their time.
///
/// Everything is calculated from a hash of the row's number and the seed, instead of `random()`,
/// so that a row is the same in whichever chunk it is made. Skewed as logs are: few services write
/// most entries, and one entry in fifty is an error.
pub(super) fn rows(first: u64, last: u64, entries: u64, seed: u64) -> String {
    let step = 365 * 86_400 * 1_000_000 / entries;
    let seed = seed.cast_signed();
    format!(
        "SELECT n AS id,
                timestamptz '2025-01-01Z' + (n * {step} + h % {step}) * interval '1 microsecond',
                CASE WHEN h % 1000 < 1 THEN 5 WHEN h % 1000 < 20 THEN 4
                     WHEN h % 1000 < 100 THEN 3 WHEN h % 1000 < 800 THEN 2 ELSE 1 END::smallint,
                service,
                'GET /' || service || '/' || (h >> 20) % 100000 || ' took ' || (h >> 36) % 900
                    || ' ms, trace ' || to_hex(h)
         FROM generate_series({first}::bigint, {last}::bigint - 1) AS n,
              LATERAL (SELECT hashint8extended(n, {seed}) & 9223372036854775807 AS h) AS hashed,
              LATERAL (SELECT ('{{gateway,checkout,catalog,search,auth,cart,mail,stock,prices,\
                  images,reviews,ledger,shipping,returns,coupons,audit}}'::text[])
                  [1 + floor(16 * power(((h >> 8) & 4095) / 4096.0, 3))::int] AS service) AS named"
    )
}
