//! What every request passes before its handler: who is it, and is it not too often?

use std::future::{Ready, ready};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use auth::{CurrentUser, UserId};
use error_handling::{Cause, Problem};
use foundation::rate_limit::RateLimit;

use crate::state::Todos;

/// The media type of RFC 7396. Clients older than it send plain JSON, and mean the same.
const MERGE_PATCH: &str = "application/merge-patch+json";

/// The user whose to-dos a request is about. Made by [`guard`] alone: a handler that takes it
/// cannot be reached without a token, wherever it is mounted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller(pub(crate) UserId);

/// Signs in, counts, and tells how many calls are left. Before the body is read: a stranger costs
/// no more than a look at a header.
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
    read_merge_patch_as_json(&mut request);
    let todos = request.app_data::<web::Data<Todos>>().cloned();
    let Some(limit) = todos.as_ref().and_then(|todos| todos.per_user.as_ref()) else {
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

/// Here, as the extractor of bodies knows one media type only.
fn read_merge_patch_as_json(request: &mut ServiceRequest) {
    let is_merge_patch = request.content_type().eq_ignore_ascii_case(MERGE_PATCH);
    if is_merge_patch && request.method() == Method::PATCH {
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().copied();
        ready(caller.ok_or_else(|| Problem::internal(Cause::new("a route without its guard"))))
    }
}
