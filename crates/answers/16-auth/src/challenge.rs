//! What somebody without a valid token, or with the wrong password, is told: always the same.

use std::collections::BTreeMap;

use error_handling::{Cause, Problem, ProblemType, problem_response};
use utoipa::IntoResponses;
use utoipa::openapi::{RefOr, Response};

/// Where to send what (RFC 6750, section 3). Without credentials there is nothing that is invalid.
pub(crate) const ASKED: &str = "Bearer realm=\"show-your-work\"";
/// The credentials that came are no good. Which part of them, only the log knows.
pub(crate) const REFUSED: &str = "Bearer realm=\"show-your-work\", error=\"invalid_token\"";

/// 401 for a request without credentials; `cause` goes to the log.
pub(crate) fn asked(cause: &'static str) -> Problem {
    unauthenticated(cause).with_challenge(ASKED)
}

/// 401 for credentials that are no good; `cause` goes to the log.
pub(crate) fn refused(cause: &'static str) -> Problem {
    unauthenticated(cause).with_challenge(REFUSED)
}

fn unauthenticated(cause: &'static str) -> Problem {
    let detail = "Send a valid access token as `Authorization: Bearer …`; log in to get one.";
    Problem::new(ProblemType::Unauthenticated, detail).with_cause(Cause::new(cause))
}

/// Documents the 401 of a route that is guarded by [`crate::CurrentUser`].
#[derive(Debug)]
pub struct Unauthenticated;

impl IntoResponses for Unauthenticated {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [problem_response(ProblemType::Unauthenticated)].into()
    }
}
