//! What every request passes before its handler: who is it, and is it not too often?

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};

use crate::state::Todos;

/// The media type of RFC 7396. Clients older than it send plain JSON, and mean the same.
const MERGE_PATCH: &str = "application/merge-patch+json";

/// [`auth::guard`] with the limit of to-dos; a merge patch is then read like any other JSON.
///
/// # Errors
/// As [`auth::guard`].
pub(crate) async fn guard<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    read_merge_patch_as_json(&mut request);
    auth::guard::<Todos, B>(request, next).await
}

/// Here, as the extractor of bodies knows one media type only.
fn read_merge_patch_as_json(request: &mut ServiceRequest) {
    let is_merge_patch = request.content_type().eq_ignore_ascii_case(MERGE_PATCH);
    if is_merge_patch && request.method() == Method::PATCH {
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
}
