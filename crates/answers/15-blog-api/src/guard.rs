//! What a request passes before its handler: who is it, and is it not too often?

use std::future::{Ready, ready};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use auth::{CurrentUser, UserId};
use error_handling::{Cause, Problem};
use foundation::rate_limit::RateLimit;

use crate::state::Blog;

/// Who writes. Made by [`guard`] alone: a handler that takes it cannot be reached without a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller(pub(crate) UserId);

/// Who reads: anybody, or somebody who has drafts. A token that is no good is refused all the same,
/// as its owner would otherwise wonder where the drafts are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader(pub(crate) Option<UserId>);

/// Signs in, counts, and tells how many calls are left, before the body is read. Reads that need no
/// token are counted by address, as all of the API is.
///
/// # Errors
/// Those of the handler; refusals (401 without a valid token, 429 beyond the limit) are responses,
/// as the headers of an error would be lost on its way out.
pub(crate) async fn guard<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let user = match request.extract::<CurrentUser>().await {
        Ok(user) => user.id(),
        Err(refused) => return Ok(refuse(request, HttpResponse::from_error(refused))),
    };
    request.extensions_mut().insert(Caller(user));
    let blog = request.app_data::<web::Data<Blog>>().cloned();
    let Some(limit) = blog.as_ref().and_then(|blog| blog.per_user.as_ref()) else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    let allowance = limit.admit_or_local(&user).await;
    let mut response = if allowance.granted {
        next.call(request).await?.map_into_left_body()
    } else {
        let refusal = RateLimit::<UserId>::refusal(allowance);
        refuse(request, HttpResponse::from_error(refusal))
    };
    limit.describe(allowance, response.headers_mut());
    Ok(response)
}

fn refuse<B>(request: ServiceRequest, refusal: HttpResponse) -> ServiceResponse<EitherBody<B>> {
    request.into_response(refusal).map_into_right_body()
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().copied();
        ready(caller.ok_or_else(|| Problem::internal(Cause::new("a route without its guard"))))
    }
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
