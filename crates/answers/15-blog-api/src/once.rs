//! `Idempotency-Key`: a request that is repeated does nothing a second time.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use auth::UserId;
use diesel::{Connection, PgConnection};
use error_handling::{Cause, Problem};
use foundation::database::Database;
use foundation::idempotency::{self, Attempt, Claimed, IdempotencyKey, StoredResponse};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::state::Blog;

/// Longer than a post can take: the database's wait and time-out, twice.
const LEASE: Duration = Duration::from_secs(30);

/// The key of a route that takes one if it is sent.
pub(crate) struct Key(Option<HeaderValue>);

impl FromRequest for Key {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = request.headers().get("idempotency-key").cloned();
        let checked = header.as_ref().map(IdempotencyKey::parse).transpose();
        ready(checked.map(|_| Self(header)))
    }
}

impl Key {
    /// What may be done once, for this user and route. A digest of user and key, as two people whose
    /// clients count their requests send the same keys.
    ///
    /// # Errors
    /// Never for a key that was read from a request.
    pub(crate) fn attempt(
        self,
        scope: &'static str,
        user: UserId,
        asked: &impl Serialize,
    ) -> Result<Option<Attempt>, Problem> {
        let Some(header) = self.0 else { return Ok(None) };
        let digest = Sha256::new().chain_update(user.number().to_be_bytes());
        let own = digest.chain_update(header.as_bytes()).finalize();
        let own: String = own.iter().map(|byte| format!("{byte:02x}")).collect();
        let own = HeaderValue::from_str(&format!("\"{own}\""));
        let own = own.map_err(|_| Problem::internal(Cause::new("a key of digits")))?;
        let asked = serde_json::to_vec(asked)
            .map_err(|_| Problem::internal(Cause::new("request could not be written as JSON")))?;
        let fingerprint = Sha256::digest(asked).into();
        Ok(Some(Attempt { scope, key: IdempotencyKey::parse(&own)?, fingerprint }))
    }
}

/// The response of a creation, as it is sent and stored.
///
/// # Errors
/// 500 when it cannot be written as JSON.
pub(crate) fn created(
    location: Option<String>,
    body: &impl Serialize,
) -> Result<StoredResponse, Problem> {
    let body = serde_json::to_string(body)
        .map_err(|_| Problem::internal(Cause::new("response could not be written as JSON")))?;
    Ok(StoredResponse { status: StatusCode::CREATED, location, body })
}

impl Blog {
    /// Runs `work` in a transaction; with an attempt, once however often the request is repeated.
    ///
    /// # Errors
    /// Those of `work`; 409 while the same attempt runs, 422 for a key that came with another
    /// request.
    pub(crate) async fn create<F>(
        self: Arc<Self>,
        database: Database,
        attempt: Option<Attempt>,
        work: F,
    ) -> Result<HttpResponse, Problem>
    where
        F: FnOnce(&mut PgConnection) -> Result<StoredResponse, Problem> + Send + 'static,
    {
        let Some(attempt) = attempt else {
            let work = move |connection: &mut PgConnection| connection.transaction(work);
            return Ok(self.write(database, None, work).await?.into_response(false));
        };
        let writing = database.clone();
        // The response in the transaction of the work: either both are there or neither.
        let create = |(attempt, lease): Claimed| {
            self.write(writing, None, move |connection| {
                connection.transaction(|connection| {
                    let response = work(connection)?;
                    idempotency::finish(connection, &attempt, lease, &response)?;
                    Ok::<_, Problem>(response)
                })
            })
        };
        idempotency::once(&database, attempt, LEASE, create).await
    }
}
