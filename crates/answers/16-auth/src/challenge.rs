//! What somebody without a valid token, or with the wrong password, is told: always the same.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderValue, WWW_AUTHENTICATE};
use error_handling::{Cause, MEDIA_TYPE, Problem, ProblemBody, ProblemType};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// Where to send what (RFC 6750, section 3). Without credentials there is nothing that is invalid.
pub(crate) const ASKED: &str = "Bearer realm=\"show-your-work\"";
/// The credentials that came are no good. Which part of them, only the log knows.
pub(crate) const REFUSED: &str = "Bearer realm=\"show-your-work\", error=\"invalid_token\"";

/// 401; `cause` goes to the log.
pub(crate) fn unauthenticated(cause: &'static str) -> Problem {
    let detail = "Send a valid access token as `Authorization: Bearer …`; log in to get one.";
    Problem::new(ProblemType::Unauthenticated, detail).with_cause(Cause::new(cause))
}

/// The response for a problem; a 401 gets its challenge, which it must carry (RFC 9110, section
/// 15.5.2).
///
/// # Errors
/// Every problem that is no 401, as it is.
pub(crate) fn challenged(
    problem: Problem,
    challenge: &'static str,
) -> Result<HttpResponse, Problem> {
    if problem.kind() != ProblemType::Unauthenticated {
        return Err(problem);
    }
    let mut response = HttpResponse::from_error(problem);
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    Ok(response)
}

/// Documents the 401 of a route that is guarded by [`crate::CurrentUser`].
#[derive(Debug)]
pub struct Unauthenticated;

impl IntoResponses for Unauthenticated {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let schema = Ref::from_schema_name(ProblemBody::name());
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let response = ResponseBuilder::new()
            .description(ProblemType::Unauthenticated.title())
            .content(MEDIA_TYPE, content)
            .build();
        [("401".to_owned(), response.into())].into()
    }
}
