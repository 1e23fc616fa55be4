//! The routes: extract, validate, call, respond.

pub(crate) mod catalogue;
pub(crate) mod partners;
pub(crate) mod site;
pub(crate) mod webhooks;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::ETAG;
use actix_web::{HttpResponse, HttpResponseBuilder};
use foundation::precondition::{IfNoneMatch, digest_tag};
use serde::Deserialize;
use utoipa::IntoParams;

/// The body, or 304 for a client that has it already. A weak tag: compressed or not, it is the same.
fn unless_known(
    request: &HttpRequest,
    body: String,
    respond: impl FnOnce(&mut HttpResponseBuilder) -> &mut HttpResponseBuilder,
) -> HttpResponse {
    let tag = digest_tag(body.as_bytes());
    let has = IfNoneMatch::of(request.headers()).has(&tag);
    let mut response =
        HttpResponse::build(if has { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    respond(&mut response).insert_header((ETAG, tag));
    if has { response.finish() } else { response.body(body) }
}

/// Parameters of the listing.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeadLetterParameters {
    /// Dead letters on a page, 1 to 100; 50 when absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
    /// Where the page starts, from the `Link` header of the page before.
    cursor: Option<String>,
}
