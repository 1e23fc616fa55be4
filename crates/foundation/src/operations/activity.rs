//! What the database is doing at this moment, and who waits for whom.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text};
use serde::Serialize;
use utoipa::ToSchema;

use crate::telemetry::redacted;

/// One session of this database, as `pg_stat_activity` has it (PostgreSQL manual, section 27.2.3).
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName, Serialize, ToSchema)]
pub struct Activity {
    /// Process of the server: what `pg_cancel_backend` and `pg_terminate_backend` take.
    #[diesel(sql_type = Integer)]
    pub pid: i32,
    /// What the client calls itself: `lane short`, `lane write` or `lane long` is a server of ours.
    #[diesel(sql_type = Text)]
    pub application: String,
    /// `active`, `idle`, `idle in transaction`, `idle in transaction (aborted)` and so on.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// What it waits for, such as `Lock: transactionid`; `Client: ClientRead` is its own client.
    #[diesel(sql_type = Nullable<Text>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// Milliseconds since its transaction began.
    #[diesel(sql_type = Nullable<BigInt>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_ms: Option<i64>,
    /// Milliseconds since its statement began; of an idle session, its last one.
    #[diesel(sql_type = Nullable<BigInt>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement_ms: Option<i64>,
    /// Milliseconds that it has been in this state.
    #[diesel(sql_type = Nullable<BigInt>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_ms: Option<i64>,
    /// Sessions whose locks it waits for.
    #[diesel(sql_type = Array<Integer>)]
    pub blocked_by: Vec<i32>,
    /// The first 200 characters of its statement, without the values, which travel apart. Of an
    /// idle session, its last one.
    #[diesel(sql_type = Text)]
    pub statement: String,
}

/// `pg_blocking_pids` stops the lock table for a moment, so it is asked for waiters only.
const QUERY: &str = "
    SELECT pid,
           coalesce(application_name, '') AS application,
           coalesce(state, '') AS state,
           wait_event_type || ': ' || wait_event AS waits_for,
           (extract(epoch FROM clock_timestamp() - xact_start) * 1000)::bigint AS transaction_ms,
           (extract(epoch FROM clock_timestamp() - query_start) * 1000)::bigint AS statement_ms,
           (extract(epoch FROM clock_timestamp() - state_change) * 1000)::bigint AS state_ms,
           CASE WHEN wait_event_type = 'Lock' THEN pg_blocking_pids(pid) ELSE '{}' END
               AS blocked_by,
           left(regexp_replace(query, '\\s+', ' ', 'g'), 200) AS statement
    FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
      AND pid <> pg_backend_pid()
    ORDER BY xact_start NULLS LAST, pid
    LIMIT 500";

/// The sessions of this database except the one that asks, the oldest transaction first: 500 at
/// the most, read within two seconds.
///
/// # Errors
/// Whatever the database says. Statements of other roles read `<insufficient privilege>` unless
/// this one is a member of `pg_read_all_stats`.
pub fn activity(connection: &mut PgConnection) -> QueryResult<Vec<Activity>> {
    let mut sessions: Vec<Activity> = connection.transaction(|connection| {
        diesel::sql_query("SET LOCAL statement_timeout = 2000").execute(connection)?;
        diesel::sql_query(QUERY).load(connection)
    })?;
    for session in &mut sessions {
        // A statement written by hand may hold what a parameter would not.
        session.statement = redacted(&session.statement);
    }
    Ok(sessions)
}
