//! The months of `log_entries` as the catalog knows them, and the statements that make and drop
//! them.

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use serde::Serialize;
use utoipa::ToSchema;

use crate::month::Month;

/// A partition with a range, which the default partition has not.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName, Serialize, ToSchema)]
#[schema(as = LogPartition)]
pub struct Partition {
    /// Name of the table.
    #[diesel(sql_type = Text)]
    #[schema(example = "log_entries_2026_01")]
    pub name: String,
    /// Earliest time, included.
    #[diesel(sql_type = Timestamptz)]
    pub from: DateTime<Utc>,
    /// Latest time, not included.
    #[diesel(sql_type = Timestamptz)]
    pub to: DateTime<Utc>,
    /// Rows as of the last ANALYZE; null before the first one.
    #[diesel(sql_type = Nullable<BigInt>)]
    #[schema(example = 250_000)]
    pub estimated_rows: Option<i64>,
    /// Size on disk with indexes.
    #[diesel(sql_type = BigInt)]
    #[schema(example = 41_943_040)]
    pub bytes: i64,
}

/// Rows of one month that sit in the default partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct Outside {
    #[diesel(sql_type = Timestamptz)]
    start: DateTime<Utc>,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub rows: i64,
}

impl Partition {
    /// The month that it holds, if name and bounds both say so. Anything else was made by hand,
    /// and whoever made it decides about it.
    #[must_use]
    pub fn month(&self) -> Option<Month> {
        let month = Month::of(self.from);
        let ours = (self.from, self.to) == (month.start(), month.end())
            && self.name == month.partition_name();
        ours.then_some(month)
    }

    /// Whether it shares any instant with the month.
    #[must_use]
    pub fn overlaps(&self, month: Month) -> bool {
        self.from < month.end() && month.start() < self.to
    }
}

impl Outside {
    /// The month.
    #[must_use]
    pub fn month(&self) -> Month {
        Month::of(self.start)
    }
}

/// Every partition with a range, oldest first.
///
/// The bounds are read from the catalog instead of from the names: a name is only a promise. They
/// come with their UTC offset, so the cast does not depend on the session's time zone.
///
/// # Errors
/// Whatever the database says.
pub fn all(connection: &mut PgConnection) -> QueryResult<Vec<Partition>> {
    diesel::sql_query(
        r"SELECT name, bounds[1]::timestamptz AS from, bounds[2]::timestamptz AS to,
                 nullif(reltuples, -1)::bigint AS estimated_rows,
                 coalesce(pg_total_relation_size(oid), 0) AS bytes
          FROM (
              SELECT oid, relname::text AS name, reltuples,
                     regexp_match(
                         pg_get_expr(relpartbound, oid),
                         'FROM \(''([^'']+)''\) TO \(''([^'']+)''\)'
                     ) AS bounds
              FROM pg_class JOIN pg_inherits ON inhrelid = oid
              WHERE inhparent = 'log_entries'::regclass
          ) AS partition
          WHERE bounds IS NOT NULL
          ORDER BY bounds[1]::timestamptz",
    )
    .load(connection)
}

/// What sits in the default partition, by month, oldest first.
///
/// # Errors
/// Whatever the database says.
pub fn outside(connection: &mut PgConnection) -> QueryResult<Vec<Outside>> {
    diesel::sql_query(
        "SELECT date_trunc('month', logged_at, 'UTC') AS start, count(*) AS rows
         FROM log_entries_default GROUP BY 1 ORDER BY 1",
    )
    .load(connection)
}

/// Keeps rows out of the default partition until the transaction ends. Taken before the first
/// month is made, as ATTACH needs it anyway, and waiting for it half-way could deadlock.
///
/// # Errors
/// When it is not free within `lock_timeout`.
pub fn lock_default(connection: &mut PgConnection) -> QueryResult<()> {
    connection.batch_execute("LOCK TABLE log_entries_default IN ACCESS EXCLUSIVE MODE")
}

/// Makes a month and moves the rows into it that wait in the default partition; returns how many.
/// Needs a transaction that holds [`lock_default`].
///
/// Built beside the table and then attached: that locks `log_entries` against nothing but other
/// maintenance, and only those wait who need the default partition, whereas
/// `CREATE TABLE … PARTITION OF` would stop every reader and writer.
///
/// # Errors
/// When a partition overlaps the month or a table has its name.
pub fn create(connection: &mut PgConnection, month: Month) -> QueryResult<i64> {
    let (name, from, to) = (month.partition_name(), month.start(), month.end());
    let range = format!("logged_at >= '{from}' AND logged_at < '{to}'");
    // The CHECK repeats the bounds, so that ATTACH believes them instead of scanning the rows;
    // afterwards it would only be checked twice.
    connection.batch_execute(&format!(
        "CREATE TABLE {name} (
             LIKE log_entries INCLUDING ALL EXCLUDING IDENTITY,
             CONSTRAINT {name}_bounds CHECK ({range})
         )"
    ))?;
    let moved = diesel::sql_query(format!(
        "WITH moved AS (DELETE FROM log_entries_default WHERE {range} RETURNING *)
         INSERT INTO {name} SELECT * FROM moved"
    ))
    .execute(connection)?;
    connection.batch_execute(&format!(
        "ALTER TABLE log_entries ATTACH PARTITION {name} FOR VALUES FROM ('{from}') TO ('{to}');
         ALTER TABLE {name} DROP CONSTRAINT {name}_bounds"
    ))?;
    Ok(i64::try_from(moved).unwrap_or(i64::MAX))
}

/// Detaches a month and drops it. Needs a transaction: a crash between the two statements would
/// leave a table that no query finds and nobody drops.
///
/// Not DETACH … CONCURRENTLY, which PostgreSQL refuses while there is a default partition. The
/// price is an ACCESS EXCLUSIVE lock on `log_entries`: it waits for the longest query that runs,
/// and everybody else waits behind it, so `lock_timeout` is how long the log may stand still. Once
/// granted it is held for a few catalog rows; the file goes after the commit.
///
/// # Errors
/// When the lock is not free within `lock_timeout`.
pub fn remove(connection: &mut PgConnection, month: Month) -> QueryResult<()> {
    let name = month.partition_name();
    connection.batch_execute(&format!(
        "ALTER TABLE log_entries DETACH PARTITION {name}; DROP TABLE {name}"
    ))
}

/// Rows outside every month.
///
/// # Errors
/// Whatever the database says.
pub fn count_outside(connection: &mut PgConnection) -> QueryResult<i64> {
    outside(connection).map(|months| months.iter().map(|month| month.rows).sum())
}
