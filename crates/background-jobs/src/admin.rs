//! What a person may look at and decide: how much there is, what died, and what becomes of it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::query_dsl::LoadQuery;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{BigInt, Integer, Jsonb, Nullable, Text, Timestamptz};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::JobId;
use crate::enqueue::milliseconds;

/// The jobs of one kind, whether this build knows it or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Depth {
    /// The kind.
    pub kind: String,
    /// Jobs that no worker has: due, due later, and waiting for another of their order key.
    pub waiting: i64,
    /// Jobs under a lease, also one that has just ended.
    pub running: i64,
    /// Dead letters.
    pub dead: i64,
    /// How long the oldest due job has waited for a worker.
    pub oldest_due: Option<Duration>,
}

#[derive(QueryableByName)]
struct DepthRow {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    waiting: i64,
    #[diesel(sql_type = BigInt)]
    running: i64,
    #[diesel(sql_type = BigInt)]
    dead: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    oldest_due: Option<i64>,
}

/// Counts the jobs of each kind. Reads all of them: once in a while, not for each request.
///
/// # Errors
/// Whatever the database says.
pub fn depths(connection: &mut PgConnection) -> QueryResult<Vec<Depth>> {
    let rows: Vec<DepthRow> = diesel::sql_query(
        "SELECT kind,
                count(*) FILTER (WHERE died_at IS NULL AND NOT running) AS waiting,
                count(*) FILTER (WHERE running) AS running,
                count(*) FILTER (WHERE died_at IS NOT NULL) AS dead,
                (extract(epoch FROM now() - min(run_at) FILTER (WHERE died_at IS NULL
                    AND waits_for IS NULL AND run_at <= now())) * 1000)::bigint AS oldest_due
         FROM background_jobs GROUP BY kind ORDER BY kind",
    )
    .load(connection)?;
    let depth = |row: DepthRow| Depth {
        kind: row.kind,
        waiting: row.waiting,
        running: row.running,
        dead: row.dead,
        oldest_due: row.oldest_due.map(|ms| Duration::from_millis(ms.unsigned_abs())),
    };
    Ok(rows.into_iter().map(depth).collect())
}

/// A job that was given up.
#[derive(Clone, Debug, PartialEq, QueryableByName, Serialize)]
pub struct DeadLetter {
    #[diesel(sql_type = BigInt)]
    id: i64,
    /// Its kind.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// What was to be done. Personal data may be in it: show it to those who may see that.
    #[diesel(sql_type = Jsonb)]
    pub payload: Value,
    /// Attempts begun.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// Why the last one failed.
    #[diesel(sql_type = Nullable<Text>)]
    pub last_error: Option<String>,
    /// When it was enqueued.
    #[diesel(sql_type = Timestamptz)]
    pub enqueued_at: DateTime<Utc>,
    /// When it was given up.
    #[diesel(sql_type = Timestamptz)]
    pub died_at: DateTime<Utc>,
}

/// Where a page of dead letters ended; works as a cursor of `foundation::paging`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    died_at: DateTime<Utc>,
    id: i64,
}

impl DeadLetter {
    /// Which job this is.
    #[must_use]
    pub fn id(&self) -> JobId {
        JobId::new(self.id)
    }

    /// What the next page is asked for with.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { died_at: self.died_at, id: self.id }
    }
}

/// Dead letters, those that died last first: at most `limit`, after a position.
///
/// # Errors
/// Whatever the database says.
pub fn dead_letters(
    connection: &mut PgConnection,
    after: Option<Position>,
    limit: i64,
) -> QueryResult<Vec<DeadLetter>> {
    dead_letters_query(after, limit).load(connection)
}

/// The list as a query, whose plan a test keeps.
#[must_use]
pub fn dead_letters_query(
    after: Option<Position>,
    limit: i64,
) -> impl QueryFragment<Pg> + QueryId + for<'query> LoadQuery<'query, PgConnection, DeadLetter> {
    // A first page comes after a time that never is, so that there is one statement and one plan.
    diesel::sql_query(
        "SELECT id, kind, payload, attempts, last_error, enqueued_at, died_at
         FROM background_jobs
         WHERE died_at IS NOT NULL AND (died_at, id) < (coalesce($1, 'infinity'), $2)
         ORDER BY died_at DESC, id DESC LIMIT $3",
    )
    .bind::<Nullable<Timestamptz>, _>(after.map(|position| position.died_at))
    .bind::<BigInt, _>(after.map_or(i64::MAX, |position| position.id))
    .bind::<BigInt, _>(limit.max(0))
}

/// What became of a request to replay a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// It is due now, with all its attempts ahead.
    Due,
    /// There is no such dead letter: it was replayed, discarded, or never died.
    NotFound,
    /// The same work, by its unique key, has been enqueued since; the dead letter stays.
    EnqueuedSince,
}

/// Makes a dead letter due again. It does not wait for others of its order key any more.
///
/// # Errors
/// Whatever the database says.
pub fn replay(connection: &mut PgConnection, id: JobId) -> QueryResult<Replay> {
    // A savepoint where the caller has a transaction: the conflict must not cost them theirs.
    let replayed = connection.transaction(|connection| {
        diesel::sql_query(
            "UPDATE background_jobs
             SET died_at = NULL, attempts = 0, run_at = now(), lease = lease + 1
             WHERE id = $1 AND died_at IS NOT NULL",
        )
        .bind::<BigInt, _>(id.get())
        .execute(connection)
    });
    match replayed {
        Ok(0) => Ok(Replay::NotFound),
        Ok(_) => Ok(Replay::Due),
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
            Ok(Replay::EnqueuedSince)
        }
        Err(error) => Err(error),
    }
}

/// Replays the dead letters of one kind, those that died first first: what one does when a partner
/// is back. At most `most`; returns how many.
///
/// # Errors
/// Whatever the database says; those before stay replayed.
pub fn replay_kind(connection: &mut PgConnection, kind: &str, most: i64) -> QueryResult<usize> {
    #[derive(QueryableByName)]
    struct Id {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let letters: Vec<Id> = diesel::sql_query(
        "SELECT id FROM background_jobs WHERE died_at IS NOT NULL AND kind = $1
         ORDER BY died_at, id LIMIT $2",
    )
    .bind::<Text, _>(kind)
    .bind::<BigInt, _>(most.max(0))
    .load(connection)?;
    // One by one, instead of in one statement: work that was enqueued anew since makes its letter
    // stay, and must not keep the others.
    let mut replayed = 0;
    for letter in letters {
        replayed += usize::from(replay(connection, JobId::new(letter.id))? == Replay::Due);
    }
    Ok(replayed)
}

/// Deletes a dead letter that nobody wants done any more; returns whether there was one.
///
/// # Errors
/// Whatever the database says.
pub fn discard(connection: &mut PgConnection, id: JobId) -> QueryResult<bool> {
    let discarded =
        diesel::sql_query("DELETE FROM background_jobs WHERE id = $1 AND died_at IS NOT NULL")
            .bind::<BigInt, _>(id.get())
            .execute(connection)?;
    Ok(discarded > 0)
}

/// Deletes at most `most` dead letters that died longer ago than `age`; returns how many, or would
/// have been with `dry_run`.
pub(crate) fn expire(
    connection: &mut PgConnection,
    age: Duration,
    most: i64,
    dry_run: bool,
) -> QueryResult<usize> {
    let old = "SELECT id FROM background_jobs
               WHERE died_at IS NOT NULL AND died_at < now() - $1 * interval '1 millisecond'
               ORDER BY died_at LIMIT $2";
    let statement = match dry_run {
        true => old.to_owned(),
        false => format!("DELETE FROM background_jobs WHERE id IN ({old})"),
    };
    diesel::sql_query(statement)
        .bind::<BigInt, _>(milliseconds(age))
        .bind::<BigInt, _>(most)
        .execute(connection)
}
