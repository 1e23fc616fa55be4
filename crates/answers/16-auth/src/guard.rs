//! The guard of a route that is limited for each person: a middleware, as it comes before the body.

use std::future::{Ready, ready};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use error_handling::{Cause, Problem};
use foundation::rate_limit::RateLimit;

use crate::{CurrentUser, UserId};

/// What an answer keeps in `web::Data`, as far as [`guard`] needs it.
pub trait LimitsUsers: 'static {
    /// How often one person may call; nothing where there is no limit.
    fn per_user(&self) -> Option<&RateLimit<UserId>>;
}

/// The user whose request this is. Made by [`guard`] alone: a handler that takes it cannot be
/// reached without a token, wherever it is mounted.
#[derive(Clone, Copy, Debug)]
pub struct Caller(pub UserId);

/// Signs in, counts against the limit of `S`, and tells how many calls are left. Before the body is
/// read: a stranger costs no more than a look at a header.
///
/// # Errors
/// Those of the handler; refusals (401 without a valid token, 429 beyond the limit) are responses,
/// as the headers of an error would be lost on its way out.
pub async fn guard<S: LimitsUsers, B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let user = match request.extract::<CurrentUser>().await {
        Ok(user) => user.id(),
        Err(refused) => return Ok(refuse(request, HttpResponse::from_error(refused))),
    };
    request.extensions_mut().insert(Caller(user));
    let limits = request.app_data::<web::Data<S>>().cloned();
    let Some(limit) = limits.as_ref().and_then(|limits| limits.per_user()) else {
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
