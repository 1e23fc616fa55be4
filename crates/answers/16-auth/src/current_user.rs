//! The guard of a route: an argument of its handler.

use std::fmt;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError, web};
use error_handling::{Cause, Problem, ProblemType};

use crate::auth::Auth;
use crate::challenge::{self, challenged, unauthenticated};
use crate::{SessionId, UserId};

/// Who sent the request, as its access token proves.
///
/// A handler that takes this cannot be called without a token, whatever routes it is mounted under;
/// a middleware guards a prefix until somebody mounts a route beside it.
///
/// The token alone is checked, and not the session: a read of the database for each request is what
/// tokens save, and the price is that a session that was ended reads and writes on for as long as
/// its last token lives, ten minutes. What ends sessions or changes the password does ask the
/// database. Let every route ask, for one look-up by primary key, where ten minutes are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentUser {
    id: UserId,
    session: SessionId,
}

impl CurrentUser {
    /// The account.
    #[must_use]
    pub const fn id(&self) -> UserId {
        self.id
    }

    /// The session that the token was issued for.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Both, as the statements that end sessions want them.
    pub(crate) const fn pair(&self) -> (UserId, SessionId) {
        (self.id, self.session)
    }
}

impl FromRequest for CurrentUser {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(identify(request).inspect_err(Refused::log))
    }
}

fn identify(request: &HttpRequest) -> Result<CurrentUser, Refused> {
    let Some(auth) = request.app_data::<web::Data<Auth>>() else {
        let cause = Cause::new("auth::start was not called by this module");
        return Err(Refused { problem: Problem::internal(cause), challenge: challenge::ASKED });
    };
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let asked = |cause| Refused { problem: unauthenticated(cause), challenge: challenge::ASKED };
    let refused =
        |cause| Refused { problem: unauthenticated(cause), challenge: challenge::REFUSED };
    let header = headers.next().ok_or_else(|| asked("no access token"))?;
    // Two headers: a proxy may have read the other one.
    if headers.next().is_some() {
        return Err(refused("two authorization headers"));
    }
    let (scheme, token) = header
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or_else(|| refused("authorization header cannot be read"))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(asked("another authentication scheme"));
    }
    let bearer = auth.tokens.check(token.trim_start_matches(' ')).map_err(refused)?;
    Ok(CurrentUser { id: bearer.user, session: bearer.session })
}

/// Why there is no [`CurrentUser`]; the client is told that, and not why.
#[derive(Clone, Debug)]
pub struct Refused {
    problem: Problem,
    challenge: &'static str,
}

impl Refused {
    /// In the words that every other refusal is logged in.
    fn log(&self) {
        let status = self.problem.kind().status().as_u16();
        let problem_type = self.problem.kind().name();
        let cause = self.problem.cause().map(tracing::field::display);
        match self.problem.kind() {
            ProblemType::Internal => tracing::error!(status, problem_type, cause, "request failed"),
            _ => tracing::info!(status, problem_type, cause, "request refused"),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl std::error::Error for Refused {}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        self.problem.kind().status()
    }

    fn error_response(&self) -> HttpResponse {
        challenged(self.problem.clone(), self.challenge)
            .unwrap_or_else(|problem| problem.error_response())
    }
}
