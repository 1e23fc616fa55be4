//! The guard of a route: an argument of its handler.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use error_handling::{Cause, Problem};

use crate::auth::Auth;
use crate::challenge::{asked, refused};
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
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(identify(request))
    }
}

/// The client is told that it is refused, and not why.
fn identify(request: &HttpRequest) -> Result<CurrentUser, Problem> {
    let Some(auth) = request.app_data::<web::Data<Auth>>() else {
        let cause = Cause::new("auth::start was not called by this module");
        return Err(Problem::internal(cause));
    };
    let mut headers = request.headers().get_all(AUTHORIZATION);
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
    bearer.user.reader().mark(request);
    Ok(CurrentUser { id: bearer.user, session: bearer.session })
}
