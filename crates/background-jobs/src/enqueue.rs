//! Asking for work, inside the transaction of whatever makes it necessary.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use serde::Serialize;

use crate::{JobId, Kind};

/// The longest payload, in bytes of JSON. A job names what it is about and reads the rest when it
/// runs; a payload of megabytes would be copied by each claim, retry and backup.
pub const MAX_PAYLOAD: usize = 64 * 1024;

/// When, and after which others, a job may run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// When it is due; by default at once.
    pub due: Due,
    /// Jobs of one kind and one order key (1 to 200 bytes), such as `post-7`, run one after the
    /// other in the order in which their transactions got this far; a dead one lets the next pass.
    /// Transactions that enqueue for the same key wait for each other, so enqueue last.
    pub order_key: Option<String>,
}

/// When a job is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Due {
    /// As soon as the transaction commits.
    #[default]
    Now,
    /// So long after the transaction began.
    After(Duration),
    /// At this time; at once if it has passed.
    At(DateTime<Utc>),
}

impl Options {
    /// Due after a while.
    #[must_use]
    pub fn after(delay: Duration) -> Self {
        Self { due: Due::After(delay), ..Self::default() }
    }

    /// In order with the other jobs of this key.
    #[must_use]
    pub fn in_order_of(key: impl Into<String>) -> Self {
        Self { order_key: Some(key.into()), ..Self::default() }
    }
}

/// The payload is longer than [`MAX_PAYLOAD`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a payload of {bytes} bytes is longer than the {MAX_PAYLOAD} that a job may carry")]
pub struct PayloadTooLarge {
    /// Its length as JSON.
    pub bytes: usize,
}

/// Enqueues a job. Call it in the transaction that makes the job necessary: then the job exists if
/// and only if that commits, and no worker sees it before.
///
/// # Errors
/// [`Error::SerializationError`] with [`PayloadTooLarge`], or when the payload is no JSON; whatever
/// the database says otherwise. NUL inside a text is refused by the database, as everywhere.
pub fn enqueue<P: Serialize>(
    connection: &mut PgConnection,
    kind: &Kind<P>,
    payload: &P,
    options: &Options,
) -> QueryResult<JobId> {
    insert(connection, kind.name(), payload, options, None)?.ok_or(Error::NotFound)
}

/// Enqueues a job unless one of the same kind and `unique_key` (1 to 200 bytes) waits or runs
/// already; then returns `None`. Waits for a transaction that is just enqueueing the same.
///
/// A job that runs has perhaps read the old state already. Where the job means "look again", put
/// a version into the key.
///
/// # Errors
/// As [`enqueue`].
pub fn enqueue_unique<P: Serialize>(
    connection: &mut PgConnection,
    kind: &Kind<P>,
    payload: &P,
    unique_key: &str,
    options: &Options,
) -> QueryResult<Option<JobId>> {
    insert(connection, kind.name(), payload, options, Some(unique_key))
}

/// The longest delay: ten years.
const LONGEST_DELAY: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);

/// Without a unique key the conflict clause never applies.
const INSERT: &str = "
    INSERT INTO background_jobs (kind, payload, unique_key, order_key, waits_for, run_at)
    VALUES ($1, $2::jsonb, $3, $4, $5,
            greatest(now(), coalesce($6, now() + $7 * interval '1 millisecond')))
    ON CONFLICT (kind, unique_key) WHERE unique_key IS NOT NULL AND died_at IS NULL DO NOTHING
    RETURNING id";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

fn insert<P: Serialize>(
    connection: &mut PgConnection,
    kind: &str,
    payload: &P,
    options: &Options,
    unique_key: Option<&str>,
) -> QueryResult<Option<JobId>> {
    let payload = written(payload)?;
    let (at, after) = match options.due {
        Due::Now => (None, Duration::ZERO),
        Due::After(delay) => (None, delay.min(LONGEST_DELAY)),
        Due::At(time) => (Some(time), Duration::ZERO),
    };
    let order_key = options.order_key.as_deref();
    let insert = |connection: &mut PgConnection, waits_for: Option<i64>| {
        diesel::sql_query(INSERT)
            .bind::<Text, _>(kind)
            .bind::<Text, _>(payload)
            .bind::<Nullable<Text>, _>(unique_key)
            .bind::<Nullable<Text>, _>(order_key)
            .bind::<Nullable<BigInt>, _>(waits_for)
            .bind::<Nullable<Timestamptz>, _>(at)
            .bind::<BigInt, _>(milliseconds(after))
            .get_result::<Row>(connection)
            .optional()
    };
    let row = match order_key {
        None => insert(connection, None),
        // Its own transaction where the caller has none: the lock has to outlive the insert.
        Some(key) => connection.transaction(|connection| {
            let last = last_of(connection, kind, key)?;
            insert(connection, last)
        }),
    }?;
    Ok(row.map(|row| JobId::new(row.id)))
}

pub(crate) fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn written<P: Serialize>(payload: &P) -> QueryResult<String> {
    let json =
        serde_json::to_string(payload).map_err(|error| Error::SerializationError(error.into()))?;
    match json.len() {
        bytes if bytes > MAX_PAYLOAD => {
            Err(Error::SerializationError(PayloadTooLarge { bytes }.into()))
        }
        _ => Ok(json),
    }
}

/// The last unfinished job of an order key, held until the transaction ends: its end would release
/// a job that is not yet to be seen.
///
/// The lock comes in a statement of its own, so that the next one sees what its holder before us
/// has committed. Advisory instead of a row: there is no row as long as there is no job.
fn last_of(connection: &mut PgConnection, kind: &str, key: &str) -> QueryResult<Option<i64>> {
    lock_order(connection, kind, key)?;
    let last = diesel::sql_query(
        "SELECT id FROM background_jobs
         WHERE kind = $1 AND order_key = $2 AND order_key IS NOT NULL AND died_at IS NULL
         ORDER BY id DESC LIMIT 1 FOR KEY SHARE",
    );
    let last = last.bind::<Text, _>(kind).bind::<Text, _>(key);
    Ok(last.get_result::<Row>(connection).optional()?.map(|row| row.id))
}

/// Held until the transaction ends by whoever adds to the end of an order key or lets it go on
/// after a death.
pub(crate) fn lock_order(connection: &mut PgConnection, kind: &str, key: &str) -> QueryResult<()> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1 || ':' || $2, 7))")
        .bind::<Text, _>(kind)
        .bind::<Text, _>(key)
        .execute(connection)
        .map(|_| ())
}
