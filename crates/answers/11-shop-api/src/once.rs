//! `Idempotency-Key` of an order: demanded, as a shop that takes an order twice takes money twice.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::HeaderValue;
use actix_web::{FromRequest, HttpRequest};
use auth::UserId;
use error_handling::{Cause, InvalidField, Problem, ProblemType};
use foundation::idempotency::{Attempt, IdempotencyKey};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The key of a route that demands one.
#[derive(Clone, Debug)]
pub(crate) struct RequiredKey(HeaderValue);

impl FromRequest for RequiredKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = request.headers().get("idempotency-key").cloned().ok_or_else(missing);
        ready(header.and_then(|header| IdempotencyKey::parse(&header).map(|_| Self(header))))
    }
}

fn missing() -> Problem {
    let detail = "Send a quoted string of your own making, the same when you repeat the request.";
    Problem::new(ProblemType::Malformed, "This request needs an Idempotency-Key.")
        .with_errors(vec![InvalidField::parameter("Idempotency-Key", "required", detail)])
}

impl RequiredKey {
    /// What may be done once, for this user and route. A digest of user and key, as two people whose
    /// clients count their requests send the same keys.
    ///
    /// # Errors
    /// Never for a key that was read from a request.
    pub(crate) fn attempt(
        &self,
        scope: &'static str,
        user: UserId,
        asked: &impl Serialize,
    ) -> Result<Attempt, Problem> {
        let digest = Sha256::new().chain_update(user.number().to_be_bytes());
        let own = digest.chain_update(self.0.as_bytes()).finalize();
        let own: String = own.iter().map(|byte| format!("{byte:02x}")).collect();
        let own = HeaderValue::from_str(&format!("\"{own}\""))
            .map_err(|_| Problem::internal(Cause::new("a key of digits")))?;
        let asked = serde_json::to_vec(asked)
            .map_err(|_| Problem::internal(Cause::new("request could not be written as JSON")))?;
        let fingerprint = Sha256::digest(asked).into();
        Ok(Attempt { scope, key: IdempotencyKey::parse(&own)?, fingerprint })
    }
}
