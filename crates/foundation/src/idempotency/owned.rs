//! Keys of people who are signed in: each has their own, and of a route that demands one.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest};
use error_handling::{Cause, InvalidField, Problem, ProblemType};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Attempt, IdempotencyKey, OptionalKey, StoredResponse};

/// The key of a route that demands one, as what is done twice there costs money.
#[derive(Clone, Debug)]
pub struct RequiredKey(pub IdempotencyKey);

impl FromRequest for RequiredKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let key = OptionalKey::from_request(request, payload).into_inner();
        ready(key.and_then(|OptionalKey(key)| key.map(Self).ok_or_else(missing)))
    }
}

fn missing() -> Problem {
    let detail = "Send a quoted string of your own making, the same when you repeat the request.";
    Problem::new(ProblemType::Malformed, "This request needs an Idempotency-Key.")
        .with_errors(vec![InvalidField::parameter("Idempotency-Key", "required", detail)])
}

impl IdempotencyKey {
    /// What may be done once, by this owner at this route (see [`Attempt::scope`]). A digest of owner
    /// and key, as two people whose clients count their requests send the same keys.
    ///
    /// # Errors
    /// 500 when `asked` cannot be written as JSON.
    pub fn of_owner(
        &self,
        owner: i64,
        scope: &'static str,
        asked: &impl Serialize,
    ) -> Result<Attempt, Problem> {
        let digest = Sha256::new().chain_update(owner.to_be_bytes());
        let own = digest.chain_update(self.0.as_bytes()).finalize();
        let own = own.iter().map(|byte| format!("{byte:02x}")).collect();
        let asked = serde_json::to_vec(asked)
            .map_err(|_| Problem::internal(Cause::new("request could not be written as JSON")))?;
        Ok(Attempt { scope, key: Self(own), fingerprint: Sha256::digest(asked).into() })
    }
}

impl OptionalKey {
    /// As [`IdempotencyKey::of_owner`]; nothing where no key was sent.
    ///
    /// # Errors
    /// As [`IdempotencyKey::of_owner`].
    pub fn of_owner(
        &self,
        owner: i64,
        scope: &'static str,
        asked: &impl Serialize,
    ) -> Result<Option<Attempt>, Problem> {
        self.0.as_ref().map(|key| key.of_owner(owner, scope, asked)).transpose()
    }
}

impl StoredResponse {
    /// The response of a creation, as it is sent and stored.
    ///
    /// # Errors
    /// 500 when it cannot be written as JSON.
    pub fn created(location: Option<String>, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(body)
            .map_err(|_| Problem::internal(Cause::new("response could not be written as JSON")))?;
        Ok(Self { status: StatusCode::CREATED, location, body })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn one_key_of_two_people_is_two_keys_and_another_request_another_fingerprint() {
        let key = IdempotencyKey::parse(&HeaderValue::from_static("\"1\"")).unwrap();
        let of = |owner, asked: &str| key.of_owner(owner, "POST /here", &asked).unwrap();
        let first = of(1, "a");
        assert_eq!((&first.key, first.fingerprint), (&of(1, "a").key, of(1, "a").fingerprint));
        assert_ne!(first.key, of(2, "a").key);
        assert_eq!(first.key, of(1, "b").key);
        assert_ne!(first.fingerprint, of(1, "b").fingerprint);
    }
}
