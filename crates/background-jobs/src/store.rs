//! The queue as statements: claim, renew, and what becomes of a job that ran.
//!
//! Every write after the claim names the lease; where that has changed, nothing is written. Rows are
//! written in batches, as a commit costs the same for one as for fifty.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::query_dsl::LoadQuery;
use diesel::sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Text, Timestamptz};
use serde_json::Value;

use crate::JobId;
use crate::enqueue::{lock_order, milliseconds};

/// A job that was claimed.
#[derive(Clone, Debug, QueryableByName)]
pub struct Claimed {
    #[diesel(sql_type = BigInt)]
    pub(crate) id: i64,
    /// What is to be done.
    #[diesel(sql_type = Jsonb)]
    pub payload: Value,
    #[diesel(sql_type = BigInt)]
    pub(crate) lease: i64,
    /// Attempts begun, this one included.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    #[diesel(sql_type = Timestamptz)]
    pub(crate) enqueued_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) order_key: Option<String>,
}

impl Claimed {
    /// Which job this is.
    #[must_use]
    pub fn id(&self) -> JobId {
        JobId::new(self.id)
    }

    /// The right to write what becomes of it.
    #[must_use]
    pub fn held(&self) -> Held {
        Held { id: self.id(), lease: self.lease }
    }
}

/// A job under the lease that it was claimed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// The job.
    pub id: JobId,
    /// The fencing token: a later claim of the job has a greater one.
    pub lease: i64,
}

/// A materialised CTE, as the planner might otherwise run the inner query once for each row that it
/// joins, and each run would lock further jobs.
const CLAIM: &str = "
    WITH due AS MATERIALIZED (
        SELECT id FROM background_jobs
        WHERE kind = $1 AND run_at <= now() AND died_at IS NULL AND waits_for IS NULL
        ORDER BY run_at, id LIMIT $2
        FOR UPDATE SKIP LOCKED
    )
    UPDATE background_jobs AS job
    SET running = true, lease = job.lease + 1, attempts = job.attempts + 1,
        run_at = now() + $3 * interval '1 millisecond'
    FROM due WHERE job.id = due.id
    RETURNING job.id, job.payload, job.lease, job.attempts, job.enqueued_at, job.order_key";

/// The claim as a query, whose plan a test keeps.
#[must_use]
pub fn claim_query(
    kind: &str,
    most: usize,
    lease: Duration,
) -> impl QueryFragment<Pg> + QueryId + for<'query> LoadQuery<'query, PgConnection, Claimed> + use<>
{
    diesel::sql_query(CLAIM)
        .bind::<Text, _>(kind.to_owned())
        .bind::<BigInt, _>(i64::try_from(most).unwrap_or(i64::MAX))
        .bind::<BigInt, _>(milliseconds(lease))
}

/// Takes the oldest due jobs of a kind that no other worker is taking, and leases them.
///
/// # Errors
/// Whatever the database says; then none was taken.
pub fn claim(
    connection: &mut PgConnection,
    kind: &str,
    most: usize,
    lease: Duration,
) -> QueryResult<Vec<Claimed>> {
    let mut claimed: Vec<Claimed> = claim_query(kind, most, lease).load(connection)?;
    claimed.sort_unstable_by_key(|job| job.id);
    Ok(claimed)
}

/// A row that was written, with the lease it had.
#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    lease: i64,
}

/// Leases jobs anew, each for so long from now; returns those that are still held.
///
/// # Errors
/// Whatever the database says.
pub fn renew(connection: &mut PgConnection, leases: &[(Held, Duration)]) -> QueryResult<Vec<Held>> {
    let (ids, tokens) = arrays(leases.iter().map(|(held, _)| held));
    let times: Vec<i64> = leases.iter().map(|(_, lease)| milliseconds(*lease)).collect();
    let renewed: Vec<Written> = diesel::sql_query(
        "UPDATE background_jobs AS job SET run_at = now() + held.time * interval '1 millisecond'
         FROM unnest($1, $2, $3) AS held (id, lease, time)
         WHERE job.id = held.id AND job.lease = held.lease AND job.running
         RETURNING job.id, job.lease",
    )
    .bind::<Array<BigInt>, _>(ids)
    .bind::<Array<BigInt>, _>(tokens)
    .bind::<Array<BigInt>, _>(times)
    .load(connection)?;
    Ok(held(renewed))
}

/// Deletes jobs that are done, which lets the next of their order keys go; returns those that were
/// still held.
///
/// # Errors
/// Whatever the database says.
pub fn done(connection: &mut PgConnection, jobs: &[Held]) -> QueryResult<Vec<Held>> {
    let (ids, tokens) = arrays(jobs.iter());
    let deleted: Vec<Written> = diesel::sql_query(
        "DELETE FROM background_jobs AS job USING unnest($1, $2) AS held (id, lease)
         WHERE job.id = held.id AND job.lease = held.lease AND job.running
         RETURNING job.id, job.lease",
    )
    .bind::<Array<BigInt>, _>(ids)
    .bind::<Array<BigInt>, _>(tokens)
    .load(connection)?;
    Ok(held(deleted))
}

/// An attempt that failed, and is not the last.
#[derive(Clone, Debug)]
pub struct Again {
    /// The job.
    pub held: Held,
    /// How long until the next attempt.
    pub wait: Duration,
    /// Why it failed.
    pub reason: String,
}

/// Makes jobs due again after their waits; returns those that were still held.
///
/// # Errors
/// Whatever the database says.
pub fn again(connection: &mut PgConnection, jobs: &[Again]) -> QueryResult<Vec<Held>> {
    let (ids, tokens) = arrays(jobs.iter().map(|job| &job.held));
    let waits: Vec<i64> = jobs.iter().map(|job| milliseconds(job.wait)).collect();
    let reasons: Vec<&str> = jobs.iter().map(|job| bounded(&job.reason)).collect();
    let written: Vec<Written> = diesel::sql_query(
        "UPDATE background_jobs AS job
         SET running = false, run_at = now() + failed.wait * interval '1 millisecond',
             last_error = failed.reason
         FROM unnest($1, $2, $3, $4) AS failed (id, lease, wait, reason)
         WHERE job.id = failed.id AND job.lease = failed.lease AND job.running
         RETURNING job.id, job.lease",
    )
    .bind::<Array<BigInt>, _>(ids)
    .bind::<Array<BigInt>, _>(tokens)
    .bind::<Array<BigInt>, _>(waits)
    .bind::<Array<Text>, _>(reasons)
    .load(connection)?;
    Ok(held(written))
}

/// Gives jobs back that were not finished, due at once and without counting the attempt; returns
/// those that were still held.
///
/// # Errors
/// Whatever the database says.
pub fn give_back(connection: &mut PgConnection, jobs: &[Held]) -> QueryResult<Vec<Held>> {
    let (ids, tokens) = arrays(jobs.iter());
    let written: Vec<Written> = diesel::sql_query(
        "UPDATE background_jobs AS job
         SET running = false, run_at = now(), attempts = greatest(job.attempts - 1, 0)
         FROM unnest($1, $2) AS held (id, lease)
         WHERE job.id = held.id AND job.lease = held.lease AND job.running
         RETURNING job.id, job.lease",
    )
    .bind::<Array<BigInt>, _>(ids)
    .bind::<Array<BigInt>, _>(tokens)
    .load(connection)?;
    Ok(held(written))
}

/// Makes a job a dead letter and lets the next of its order key go; returns whether it was still
/// held. Call it in a transaction.
///
/// # Errors
/// Whatever the database says.
pub fn die(
    connection: &mut PgConnection,
    held: Held,
    reason: &str,
    order: Option<(&str, &str)>,
) -> QueryResult<bool> {
    if let Some((kind, key)) = order {
        // Somebody may be enqueueing a job that waits for this one, and it is not to be seen yet.
        lock_order(connection, kind, key)?;
    }
    let died = diesel::sql_query(
        "UPDATE background_jobs SET running = false, died_at = now(), last_error = $3
         WHERE id = $1 AND lease = $2 AND running",
    )
    .bind::<BigInt, _>(held.id.get())
    .bind::<BigInt, _>(held.lease)
    .bind::<Text, _>(bounded(reason))
    .execute(connection)?;
    if died > 0 && order.is_some() {
        diesel::sql_query("UPDATE background_jobs SET waits_for = NULL WHERE waits_for = $1")
            .bind::<BigInt, _>(held.id.get())
            .execute(connection)?;
    }
    Ok(died > 0)
}

fn arrays<'held>(jobs: impl Iterator<Item = &'held Held>) -> (Vec<i64>, Vec<i64>) {
    jobs.map(|held| (held.id.get(), held.lease)).unzip()
}

fn held(rows: Vec<Written>) -> Vec<Held> {
    rows.into_iter().map(|row| Held { id: JobId::new(row.id), lease: row.lease }).collect()
}

/// At most 2000 bytes, cut between characters.
fn bounded(reason: &str) -> &str {
    &reason[..reason.floor_char_boundary(2_000)]
}
