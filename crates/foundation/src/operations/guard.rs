//! The guard of the `/operations` routes: an argument of their handlers.

use std::collections::BTreeMap;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use error_handling::{Cause, Problem, ProblemType, problem_response};
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;
use utoipa::IntoResponses;
use utoipa::openapi::{RefOr, Response};

use super::Operations;

/// What to send (RFC 6750, section 3).
const ASKED: &str = "Bearer realm=\"operations\"";
/// What was sent is no good.
const REFUSED: &str = "Bearer realm=\"operations\", error=\"invalid_token\"";

/// Somebody who holds `OPERATIONS_TOKEN`.
///
/// A secret of the deployment instead of a user's role: it works while the database, and sign-in
/// with it, is what is broken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operator;

impl FromRequest for Operator {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(identify(request))
    }
}

fn identify(request: &HttpRequest) -> Result<Operator, Problem> {
    let operations = request.app_data::<web::Data<Operations>>();
    let Some(token) = operations.and_then(|operations| operations.token.as_ref()) else {
        return Err(Problem::new(ProblemType::NotFound, "There is nothing at this address."));
    };
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let header = headers.next().ok_or_else(|| refused(ASKED, "no operations token"))?;
    let offered = header.as_bytes().split_at_checked(b"Bearer ".len());
    let offered = offered.filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"Bearer "));
    let (_, offered) = offered.ok_or_else(|| refused(ASKED, "another authentication scheme"))?;
    // In constant time, or the time to refuse would tell how much of a guess is right.
    let is_right: bool = offered.ct_eq(token.expose_secret().as_bytes()).into();
    if is_right && headers.next().is_none() {
        Ok(Operator)
    } else {
        Err(refused(REFUSED, "wrong operations token"))
    }
}

fn refused(challenge: &'static str, cause: &'static str) -> Problem {
    let detail = "Send OPERATIONS_TOKEN as `Authorization: Bearer …`.";
    Problem::new(ProblemType::Unauthenticated, detail)
        .with_challenge(challenge)
        .with_cause(Cause::new(cause))
}

/// Documents the 401 of a route that is guarded by [`Operator`].
#[derive(Debug)]
pub(super) struct OperatorRefused;

impl IntoResponses for OperatorRefused {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [problem_response(ProblemType::Unauthenticated)].into()
    }
}
