//! The statements on `log_entries`. Knows no HTTP; the caller owns the connection.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{Array, BigInt, Bool, SmallInt, Text, Timestamptz};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::model::{Level, LogId, LoggedAt, NewEntry};
use crate::plan::{Explain, Plan};
use crate::schema::log_entries;
use crate::search::{Position, Search};

/// A stored entry.
#[derive(Debug, Queryable, Serialize, ToSchema)]
pub struct LogEntry {
    /// Unique together with `logged_at`.
    #[diesel(deserialize_as = i64)]
    pub id: LogId,
    /// When it happened.
    #[diesel(deserialize_as = DateTime<Utc>)]
    #[schema(value_type = String, format = DateTime, example = "2026-01-31T23:59:59.5Z")]
    pub logged_at: LoggedAt,
    /// How bad it is.
    #[diesel(deserialize_as = i16)]
    pub level: Level,
    /// Who wrote it.
    #[schema(example = "checkout")]
    pub service: String,
    /// What happened.
    #[schema(example = "card declined, order 4711")]
    pub message: String,
}

impl LogEntry {
    /// Its place in the listing.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { logged_at: self.logged_at, id: self.id }
    }
}

/// Where the rows of a batch went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName, Serialize, ToSchema)]
#[schema(as = StoredLogs)]
pub struct Stored {
    /// Rows stored, which is all of them.
    #[diesel(sql_type = BigInt)]
    #[schema(example = 2)]
    pub accepted: i64,
    /// Those among them for which no month was ready; they are in the default partition.
    #[diesel(sql_type = BigInt)]
    #[schema(example = 0)]
    pub outside_partitions: i64,
}

/// One statement with four arrays, instead of VALUES with 40 000 binds (slow to parse, and the
/// protocol ends at 65 535) or COPY, which cannot tell where its rows went.
const INSERT: &str = "
    WITH inserted AS (
        INSERT INTO log_entries (logged_at, level, service, message)
        SELECT * FROM unnest($1, $2, $3, $4)
        RETURNING tableoid
    )
    SELECT count(*) AS accepted,
           count(*) FILTER (WHERE tableoid = 'log_entries_default'::regclass) AS outside_partitions
    FROM inserted";

/// Stores all entries or none.
///
/// # Errors
/// When the database refuses; then nothing was stored.
pub fn insert_batch(connection: &mut PgConnection, entries: &[NewEntry]) -> QueryResult<Stored> {
    // Maintenance may attach a month while this waits for the default partition, which then no
    // longer takes the row. Routed anew it finds the month: once, as all are attached together.
    match connection.transaction(|connection| insert_once(connection, entries)) {
        Err(Error::DatabaseError(DatabaseErrorKind::CheckViolation, information))
            if information.table_name() == Some("log_entries_default") =>
        {
            connection.transaction(|connection| insert_once(connection, entries))
        }
        outcome => outcome,
    }
}

fn insert_once(connection: &mut PgConnection, entries: &[NewEntry]) -> QueryResult<Stored> {
    let times: Vec<_> = entries.iter().map(|entry| entry.logged_at.instant()).collect();
    let levels: Vec<_> = entries.iter().map(|entry| entry.level.number()).collect();
    let services: Vec<_> = entries.iter().map(|entry| entry.service.as_str()).collect();
    let messages: Vec<_> = entries.iter().map(|entry| entry.message.as_str()).collect();
    diesel::sql_query(INSERT)
        .bind::<Array<Timestamptz>, _>(times)
        .bind::<Array<SmallInt>, _>(levels)
        .bind::<Array<Text>, _>(services)
        .bind::<Array<Text>, _>(messages)
        .get_result(connection)
}

/// One page, newest first, and one entry more if there is a next page.
///
/// # Errors
/// Whatever the database says.
pub fn page(connection: &mut PgConnection, search: &Search) -> QueryResult<Vec<LogEntry>> {
    listing(search).load(connection)
}

/// Executes the statement of [`page`] and tells what it read.
///
/// # Errors
/// Whatever the database says.
pub fn explain_page(connection: &mut PgConnection, search: &Search) -> QueryResult<Plan> {
    // Read only, so that no later change to the statement can turn this route into a write.
    connection.build_transaction().read_only().run(|connection| {
        let explained: Value = Explain(listing(search)).get_result(connection)?;
        Ok(Plan::from_json(&explained))
    })
}

fn listing(search: &Search) -> log_entries::BoxedQuery<'_, Pg> {
    let mut query = log_entries::table
        .filter(log_entries::logged_at.ge(search.range.from))
        .filter(log_entries::logged_at.lt(search.range.to))
        .order((log_entries::logged_at.desc(), log_entries::id.desc()))
        .limit(search.limit.rows_to_fetch())
        .into_boxed();
    if let Some(service) = &search.service {
        query = query.filter(log_entries::service.eq(service.as_str()));
    }
    if let Some(level) = search.level {
        query = query.filter(log_entries::level.ge(level.number()));
    }
    if let Some(after) = search.after {
        let last = after.logged_at.instant();
        // The row comparison finds the place in the index but prunes nothing: pruning looks at
        // the key column alone. The plain bound before it leaves out the months already read.
        query = query.filter(log_entries::logged_at.lt(last + TimeDelta::microseconds(1))).filter(
            sql::<Bool>("(log_entries.logged_at, log_entries.id) < (")
                .bind::<Timestamptz, _>(last)
                .sql(", ")
                .bind::<BigInt, _>(after.id.number())
                .sql(")"),
        );
    }
    query
}
