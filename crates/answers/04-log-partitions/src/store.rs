//! The statements on `log_entries`. Knows no HTTP; the caller owns the connection.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{Array, BigInt, Bool, SmallInt, Text, Timestamptz};
use foundation::explain::plan_of;
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{Level, LogId, LoggedAt, NewEntry};
use crate::plan::Plan;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StoredLogs)]
pub struct Stored {
    /// Rows stored, which is all of them.
    #[schema(example = 2)]
    pub accepted: i64,
    /// Those among them for which no month was ready; they are in the default partition.
    #[schema(example = 0)]
    pub outside_partitions: i64,
}

/// Stores all entries or none. No transaction of its own: one statement is one, and BEGIN and COMMIT
/// would be two more round trips.
///
/// # Errors
/// When the database refuses; then nothing was stored.
pub fn insert_batch(connection: &mut PgConnection, entries: &[NewEntry]) -> QueryResult<Stored> {
    let insert = Insert::of(entries);
    // Maintenance may attach a month while this waits for the default partition, which then no
    // longer takes the row. Routed anew it finds the month: once, as all are attached together.
    let stored: QueryResult<(i64, i64)> = match (&insert).get_result(connection) {
        Err(Error::DatabaseError(DatabaseErrorKind::CheckViolation, information))
            if information.table_name() == Some("log_entries_default") =>
        {
            (&insert).get_result(connection)
        }
        outcome => outcome,
    };
    stored.map(|(accepted, outside_partitions)| Stored { accepted, outside_partitions })
}

/// One statement with four arrays, instead of VALUES with 40 000 binds (slow to parse, and the
/// protocol ends at 65 535) or COPY, which cannot tell where its rows went. A query type of its own,
/// instead of `sql_query`, which is prepared anew each time.
struct Insert<'a> {
    times: Vec<DateTime<Utc>>,
    levels: Vec<i16>,
    services: Vec<&'a str>,
    messages: Vec<&'a str>,
}

impl<'a> Insert<'a> {
    fn of(entries: &'a [NewEntry]) -> Self {
        Self {
            times: entries.iter().map(|entry| entry.logged_at.instant()).collect(),
            levels: entries.iter().map(|entry| entry.level.number()).collect(),
            services: entries.iter().map(|entry| entry.service.as_str()).collect(),
            messages: entries.iter().map(|entry| entry.message.as_str()).collect(),
        }
    }
}

impl QueryFragment<Pg> for Insert<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "WITH inserted AS (
                INSERT INTO log_entries (logged_at, level, service, message)
                SELECT * FROM unnest(",
        );
        out.push_bind_param::<Array<Timestamptz>, _>(&self.times)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<SmallInt>, _>(&self.levels)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.services)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.messages)?;
        out.push_sql(
            ")
                RETURNING tableoid
            )
            SELECT count(*) AS accepted,
                   count(*) FILTER (WHERE tableoid = 'log_entries_default'::regclass)
            FROM inserted",
        );
        Ok(())
    }
}

impl Query for Insert<'_> {
    type SqlType = (BigInt, BigInt);
}

impl QueryId for Insert<'_> {
    type QueryId = Insert<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for &Insert<'_> {}

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
    let mut transaction = connection.build_transaction().read_only();
    transaction.run(|connection| plan_of(connection, listing(search)).map(Plan::from))
}

fn listing(search: &Search) -> log_entries::BoxedQuery<'_, Pg> {
    let mut query = log_entries::table
        .filter(search.months())
        .filter(log_entries::logged_at.ge(search.range.from))
        .filter(log_entries::logged_at.lt(search.unread_until()))
        .order((log_entries::logged_at.desc(), log_entries::id.desc()))
        .limit(search.limit.rows_to_fetch())
        .into_boxed();
    if let Some(service) = &search.service {
        query = query.filter(log_entries::service.eq(service.as_str()));
    }
    if let Some(level) = search.level {
        // A literal, as a plan made for every level could not use the partial index on errors.
        query = query.filter(sql::<Bool>(&format!("log_entries.level >= {}", level.number())));
    }
    if let Some(after) = search.after {
        query = query.filter(
            sql::<Bool>("(log_entries.logged_at, log_entries.id) < (")
                .bind::<Timestamptz, _>(after.logged_at.instant())
                .sql(", ")
                .bind::<BigInt, _>(after.id.number())
                .sql(")"),
        );
    }
    query
}
