//! Requests that a client may repeat without doing anything twice.
//!
//! `Idempotency-Key` as in draft-ietf-httpapi-idempotency-key-header-07. The response is stored in
//! the transaction that does the work, so either both are there or neither, whatever dies when.

mod once;
mod owned;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Nullable, SmallInt, Text, Timestamptz};
use error_handling::{InvalidField, Problem, ProblemType};
use std::future::{Ready, ready};
use std::time::Duration;

pub use once::{Claimed, once};
pub use owned::RequiredKey;

/// What a client gave its request, so that a repetition can be told from a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    const HEADER: &'static str = "idempotency-key";
    const MAX_LENGTH: usize = 255;

    /// Reads a quoted string (RFC 9651, section 3.3.3), such as `"8e03978e-40d5"`.
    ///
    /// # Errors
    /// 400 for anything else.
    pub fn parse(header: &HeaderValue) -> Result<Self, Problem> {
        let quoted = header.to_str().ok().map(str::trim).filter(|text| text.len() >= 2);
        let inner = quoted.and_then(|text| text.strip_prefix('"')?.strip_suffix('"'));
        let plain = |text: &&str| {
            (1..=Self::MAX_LENGTH).contains(&text.len()) && !text.contains(['"', '\\'])
        };
        inner.filter(plain).map(|text| Self(text.to_owned())).ok_or_else(|| {
            let detail = "Send a quoted string of 1 to 255 characters, such as \"8e03978e-40d5\".";
            Problem::new(ProblemType::Malformed, "The Idempotency-Key cannot be read.").with_errors(
                vec![InvalidField::parameter("Idempotency-Key", "not_readable", detail)],
            )
        })
    }
}

/// The key of a route that takes one if it is sent.
#[derive(Clone, Debug)]
pub struct OptionalKey(pub Option<IdempotencyKey>);

impl FromRequest for OptionalKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = request.headers().get(IdempotencyKey::HEADER);
        ready(header.map(IdempotencyKey::parse).transpose().map(Self))
    }
}

/// A response as it was, and will be again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredResponse {
    /// Status of the response.
    pub status: StatusCode,
    /// Its `Location`, where it has one.
    pub location: Option<String>,
    /// Its JSON body.
    pub body: String,
}

impl StoredResponse {
    /// The response on the wire; `replayed` tells the client that nothing was done this time.
    #[must_use]
    pub fn into_response(self, replayed: bool) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(location) = self.location {
            response.insert_header((LOCATION, location));
        }
        if replayed {
            response.insert_header(("idempotency-replayed", "true"));
        }
        response.content_type("application/json").body(self.body)
    }
}

/// A request that may be done once.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Method and route, such as `POST /api/v1/users`.
    pub scope: &'static str,
    /// The client's key.
    pub key: IdempotencyKey,
    /// Keyed digest of what was asked for.
    pub fingerprint: [u8; 32],
}

/// What to do with an attempt.
#[derive(Debug, PartialEq, Eq)]
pub enum Claim {
    /// Do it, and finish with [`finish`].
    Mine(Lease),
    /// It was done; send this.
    Done(StoredResponse),
}

/// The right to do an attempt; another server takes over when it runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease(DateTime<Utc>);

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Binary)]
    fingerprint: Vec<u8>,
    #[diesel(sql_type = Timestamptz)]
    running_until: DateTime<Utc>,
    #[diesel(sql_type = Nullable<SmallInt>)]
    status: Option<i16>,
    #[diesel(sql_type = Nullable<Text>)]
    location: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    body: Option<String>,
}

/// Takes the key, unless it was taken before and its request is running or done. Outside any
/// transaction, so that others see at once that it is taken.
const CLAIM: &str = "
    INSERT INTO idempotency_keys AS kept (scope, key, fingerprint, running_until)
    VALUES ($1, $2, $3, now() + $4 * interval '1 millisecond')
    ON CONFLICT (scope, key) DO UPDATE SET running_until = EXCLUDED.running_until
        WHERE kept.status IS NULL AND kept.running_until < now()
          AND kept.fingerprint = EXCLUDED.fingerprint
    RETURNING fingerprint, running_until, status, location, body";

const LOOK: &str = "SELECT fingerprint, running_until, status, location, body
    FROM idempotency_keys WHERE scope = $1 AND key = $2";

/// Claims an attempt for `lease`, which must be longer than the work can take.
///
/// # Errors
/// 409 while the same request runs, 422 when the key came with another request before.
pub fn claim(
    connection: &mut PgConnection,
    attempt: &Attempt,
    lease: Duration,
) -> Result<Claim, Problem> {
    let milliseconds = i32::try_from(lease.as_millis()).unwrap_or(i32::MAX);
    let claimed: Option<Row> = diesel::sql_query(CLAIM)
        .bind::<Text, _>(attempt.scope)
        .bind::<Text, _>(&attempt.key.0)
        .bind::<Binary, _>(&attempt.fingerprint[..])
        .bind::<diesel::sql_types::Integer, _>(milliseconds)
        .get_result(connection)
        .optional()?;
    if let Some(row) = claimed {
        return Ok(Claim::Mine(Lease(row.running_until)));
    }
    let kept: Option<Row> = diesel::sql_query(LOOK)
        .bind::<Text, _>(attempt.scope)
        .bind::<Text, _>(&attempt.key.0)
        .get_result(connection)
        .optional()?;
    // Released between the two statements: as good as running, the client will ask again.
    kept.map_or_else(|| Err(still_running()), |row| judge(attempt, row))
}

fn judge(attempt: &Attempt, row: Row) -> Result<Claim, Problem> {
    if row.fingerprint != attempt.fingerprint {
        let detail = "This Idempotency-Key came with another request before; use a new one.";
        let field = InvalidField::parameter("Idempotency-Key", "reused", detail);
        return Err(Problem::invalid(vec![field]));
    }
    let status = row.status.and_then(|status| u16::try_from(status).ok());
    match (status.and_then(|status| StatusCode::from_u16(status).ok()), row.body) {
        (Some(status), Some(body)) => {
            Ok(Claim::Done(StoredResponse { status, location: row.location, body }))
        }
        _ => Err(still_running()),
    }
}

fn still_running() -> Problem {
    Problem::new(ProblemType::Conflict, "The request with this Idempotency-Key is still running.")
        .with_retry_after(Duration::from_secs(1))
}

/// Stores the response. Call it in the transaction that does the work: when the lease was lost, the
/// error rolls the work back, as another server is doing it.
///
/// # Errors
/// 409 when the lease was lost.
pub fn finish(
    connection: &mut PgConnection,
    attempt: &Attempt,
    lease: Lease,
    response: &StoredResponse,
) -> Result<(), Problem> {
    let status = i16::try_from(response.status.as_u16()).unwrap_or(i16::MAX);
    let finished = diesel::sql_query(
        "UPDATE idempotency_keys SET status = $4, location = $5, body = $6
         WHERE scope = $1 AND key = $2 AND running_until = $3 AND status IS NULL",
    )
    .bind::<Text, _>(attempt.scope)
    .bind::<Text, _>(&attempt.key.0)
    .bind::<Timestamptz, _>(lease.0)
    .bind::<SmallInt, _>(status)
    .bind::<Nullable<Text>, _>(&response.location)
    .bind::<Text, _>(&response.body)
    .execute(connection)?;
    if finished == 1 { Ok(()) } else { Err(still_running()) }
}

/// Gives the key back after work that failed, so that the client may try again with it.
///
/// # Errors
/// Whatever the database says.
pub fn release(connection: &mut PgConnection, attempt: &Attempt, lease: Lease) -> QueryResult<()> {
    diesel::sql_query(
        "DELETE FROM idempotency_keys
         WHERE scope = $1 AND key = $2 AND running_until = $3 AND status IS NULL",
    )
    .bind::<Text, _>(attempt.scope)
    .bind::<Text, _>(&attempt.key.0)
    .bind::<Timestamptz, _>(lease.0)
    .execute(connection)
    .map(|_| ())
}

/// How many keys are older than a day, which is how long a client may repeat itself; deletes them
/// unless `dry_run`.
///
/// # Errors
/// Whatever the database says.
pub fn expire(connection: &mut PgConnection, dry_run: bool) -> QueryResult<usize> {
    const OLD: &str = "FROM idempotency_keys WHERE created_at < now() - interval '1 day'";
    let statement = if dry_run { format!("SELECT 1 {OLD}") } else { format!("DELETE {OLD}") };
    diesel::sql_query(statement).execute(connection)
}
