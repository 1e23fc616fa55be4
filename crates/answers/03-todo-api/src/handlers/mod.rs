//! The routes: extract, validate, call, respond.
//!
//! Each is wrapped in [`crate::guard::guard`], which signs in and counts before a body is read.

pub(crate) mod categories;
pub(crate) mod todo_body;
pub(crate) mod todos;

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ETAG, LOCATION};
use actix_web::{HttpResponse, HttpResponseBuilder};
use error_handling::{Problem, ProblemType, problem_response};
use foundation::precondition::{IfNoneMatch, stale};
use serde::Serialize;
use utoipa::IntoResponses;
use utoipa::openapi::{RefOr, Response};

use crate::store::Written;

/// Twice the longest acceptable body, with every letter escaped.
const BODY_LIMIT: usize = 16 << 10;

/// Kept by the client alone, and asked about each time: a list that is a minute old misses what
/// was just added to it.
const PRIVATE: &str = "private, no-cache";

/// What was read, or 304 for a client that has it already.
fn read(
    tag: &str,
    known: &IfNoneMatch,
    respond: impl FnOnce(&mut HttpResponseBuilder) -> HttpResponse,
) -> HttpResponse {
    let status = if known.has(tag) { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let mut response = HttpResponse::build(status);
    response.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, PRIVATE));
    if status == StatusCode::OK { respond(&mut response) } else { response.finish() }
}

/// What was made, and where it is.
fn created(path: String, tag: String, body: &impl Serialize) -> HttpResponse {
    let mut response = HttpResponse::Created();
    response.insert_header((LOCATION, path)).insert_header((ETAG, tag)).json(body)
}

/// What a write left.
fn changed(tag: String, body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((ETAG, tag)).json(body)
}

/// What became of a write to one row, in the words of HTTP.
fn done<T>(outcome: Written<T>, what: &str) -> Result<T, Problem> {
    match outcome {
        Written::Done(row) => Ok(row),
        Written::Stale => Err(stale()),
        Written::Missing => Err(Problem::not_found(what)),
    }
}

/// Documents what `If-Match` may lead to.
#[derive(Debug)]
struct Stale;

/// Documents what its absence leads to where it is demanded.
#[derive(Debug)]
struct Unconditional;

impl IntoResponses for Stale {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [problem_response(ProblemType::PreconditionFailed)].into()
    }
}

impl IntoResponses for Unconditional {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [problem_response(ProblemType::PreconditionRequired)].into()
    }
}
