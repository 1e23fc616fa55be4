//! Who is it, and is it not too often?

use std::future::{Ready, ready};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpRequest};
use auth::{CurrentUser, UserId};
use error_handling::Problem;

use crate::state::Blog;

/// Who reads: anybody, or somebody who has drafts. A token that is no good is refused all the same,
/// as its owner would otherwise wonder where the drafts are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader(pub(crate) Option<UserId>);

/// [`auth::guard`] with the limit of the blog. Reads that need no token are counted by address, as
/// all of the API is.
///
/// # Errors
/// As [`auth::guard`].
pub(crate) async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    auth::guard::<Blog, B>(request, next).await
}

impl FromRequest for Reader {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if !request.headers().contains_key(AUTHORIZATION) {
            return ready(Ok(Self(None)));
        }
        let user = CurrentUser::from_request(request, payload).into_inner();
        ready(user.map(|user| Self(Some(user.id()))))
    }
}
