//! The routes: extract, validate, call, respond.

pub(crate) mod catalogue;
pub(crate) mod partners;
pub(crate) mod site;
pub(crate) mod webhooks;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, HeaderMap, IF_NONE_MATCH};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

/// A header as text; empty where it is missing or no text.
fn header<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    text(request.headers(), name)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The body, or 304 for a client that has it already. A weak tag: compressed or not, it is the same.
fn unless_known(
    request: &HttpRequest,
    body: String,
    respond: impl FnOnce(&mut HttpResponseBuilder) -> &mut HttpResponseBuilder,
) -> HttpResponse {
    let digest = Sha256::digest(body.as_bytes());
    let tag: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let known = header(request, IF_NONE_MATCH.as_str());
    let has = known
        .split(',')
        .map(str::trim)
        .any(|one| one == "*" || one.trim_start_matches("W/").trim_matches('"') == tag);
    let mut response =
        HttpResponse::build(if has { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    respond(&mut response).insert_header((ETAG, format!("W/\"{tag}\"")));
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
