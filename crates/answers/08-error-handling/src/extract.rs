//! Extractors that answer every malformed request with a problem that points at the fault.
//!
//! Written here instead of configuring `web::Json`, because its error handler is given no path to
//! the refused member and its limit is not visible in the handler's signature.

use std::borrow::Cow;
use std::time::Duration;

use actix_router::PathDeserializer;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::StreamExt;
use futures_util::future::{LocalBoxFuture, Ready, ready};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path as FieldPath, Segment, Track};

use crate::strict::Strict;
use crate::{Cause, InvalidField, Problem, ProblemType, well_formed};

/// How long a client may take to send a body.
///
/// Needed beside actix-web's own request time-out, which ends with the first request's head.
#[derive(Clone, Copy, Debug)]
pub struct BodyDeadline(pub Duration);

impl Default for BodyDeadline {
    fn default() -> Self {
        Self(Duration::from_secs(10))
    }
}

/// A JSON body of at most `LIMIT` bytes, 64 KiB unless the handler says otherwise.
///
/// 408 too slow, 413 too large, 415 other media type, 400 not JSON, 422 JSON of another shape.
#[derive(Debug)]
pub struct Json<T, const LIMIT: usize = 65_536>(pub T);

impl<T: DeserializeOwned, const LIMIT: usize> FromRequest for Json<T, LIMIT> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            require_json(&request)?;
            let bytes = read_body(&request, payload, LIMIT).await?;
            parse_json(&bytes).map(Self)
        })
    }
}

/// A body of at most `LIMIT` bytes as it was sent, of any media type: what was signed are bytes, and a
/// CSV is no JSON.
///
/// 408 too slow, 413 too large.
#[derive(Debug)]
pub struct RawBody<const LIMIT: usize>(pub web::BytesMut);

impl<const LIMIT: usize> FromRequest for RawBody<LIMIT> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { read_body(&request, payload, LIMIT).await.map(Self) })
    }
}

fn require_json(request: &HttpRequest) -> Result<(), Problem> {
    if request.content_type().eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = "Send the body as application/json.";
    Err(Problem::new(ProblemType::UnsupportedMediaType, detail))
}

async fn read_body(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<web::BytesMut, Problem> {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let deadline =
        request.app_data::<web::Data<BodyDeadline>>().map_or_else(BodyDeadline::default, |d| ***d);
    tokio::time::timeout(deadline.0, collect(payload, limit)).await.unwrap_or_else(|_| {
        Err(Problem::new(ProblemType::RequestTimeout, "The body took too long to arrive."))
    })
}

async fn collect(mut payload: Payload, limit: usize) -> Result<web::BytesMut, Problem> {
    let mut bytes = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| {
            Problem::new(ProblemType::Malformed, "The body could not be read to its end.")
        })?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_large(limit: usize) -> Problem {
    Problem::new(ProblemType::TooLarge, format!("The body may have at most {limit} bytes."))
}

/// Parses a JSON text; the problem points at the member that does not fit.
///
/// # Errors
/// 400 when it is not JSON (or nested deeper than 128 levels), 422 when its shape is another.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let mut track = Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut deserializer, &mut track);
    let value = T::deserialize(Strict(tracked)).map_err(|error| {
        // The typed parser stops at the first misfit; whether the rest is JSON at all decides
        // between 422 and 400, so it is read once more, on this path only.
        match (error.classify(), well_formed::check(bytes)) {
            (Category::Data, Ok(())) => {
                Problem::invalid(vec![Fault::of(&error.to_string()).field(&track.path())])
            }
            (_, Err(malformed)) => not_json(&malformed),
            _ => not_json(&error),
        }
    })?;
    deserializer.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

/// Line and column help the client and reveal nothing; the parser's own words are left out.
fn not_json(error: &serde_json::Error) -> Problem {
    let detail = format!(
        "The body is not valid JSON: reading stopped in line {}, column {}.",
        error.line(),
        error.column()
    );
    Problem::new(ProblemType::Malformed, detail)
}

/// Why a well-formed JSON value does not fit, in our own words.
struct Fault {
    code: &'static str,
    detail: &'static str,
    /// A member that is not in the path, as the parser had not entered it.
    member: Option<String>,
}

impl Fault {
    /// serde offers nothing but text here. Only the kind and the member's name are taken from it;
    /// `tests/api.rs` holds each case, so a change of wording is noticed.
    fn of(message: &str) -> Self {
        let quoted = || message.split('`').nth(1).map(str::to_owned);
        let (code, detail, member) = if message.starts_with("unknown field") {
            ("unknown_field", "This field is not part of the request.", None)
        } else if message.starts_with("missing field") {
            ("required", "This field is required.", quoted())
        } else if message.starts_with("duplicate field") {
            ("duplicate_field", "This field occurs twice.", quoted())
        } else if message.starts_with("unknown variant") {
            ("not_allowed", "This is not one of the allowed values.", None)
        } else if message.starts_with("invalid type") {
            ("wrong_type", "The value has the wrong type.", None)
        } else {
            ("not_acceptable", "The value is not acceptable.", None)
        };
        Self { code, detail, member }
    }

    fn field(self, path: &FieldPath) -> InvalidField {
        let mut pointer = json_pointer(path);
        if let Some(member) = self.member.filter(|member| !ends_with(path, member)) {
            pointer.push('/');
            pointer.push_str(&escape(&member));
        }
        InvalidField::body(&pointer, self.code, self.detail)
    }
}

fn ends_with(path: &FieldPath, member: &str) -> bool {
    matches!(path.iter().next_back(), Some(Segment::Map { key }) if key == member)
}

fn json_pointer(path: &FieldPath) -> String {
    let mut pointer = String::new();
    for segment in path.iter() {
        let name: Cow<'_, str> = match segment {
            Segment::Seq { index } => Cow::Owned(index.to_string()),
            Segment::Map { key } => escape(key),
            Segment::Enum { variant } => escape(variant),
            Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&name);
    }
    pointer
}

/// RFC 6901, section 3, and as much of a client's key as is worth repeating to it.
fn escape(key: &str) -> Cow<'_, str> {
    if key.len() <= 64 && !key.contains(['~', '/']) && !key.chars().any(char::is_control) {
        return Cow::Borrowed(key);
    }
    let short: String = key.chars().filter(|letter| !letter.is_control()).take(64).collect();
    Cow::Owned(short.replace('~', "~0").replace('/', "~1"))
}

/// Query parameters; 400 names the parameter that cannot be read.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse_query(request.query_string()).map(Self))
    }
}

fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let parts = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(parts).map_err(|error| {
        let fault = Fault::of(&error.inner().to_string());
        let name = match (&fault.member, error.path().iter().next_back()) {
            (Some(member), _) => member.clone(),
            (None, Some(Segment::Map { key })) => escape(key).into_owned(),
            _ => "query".to_owned(),
        };
        let (code, detail) = match fault.code {
            "not_acceptable" | "wrong_type" => ("not_readable", "The value cannot be read."),
            code => (code, fault.detail),
        };
        Problem::new(ProblemType::Malformed, "A query parameter cannot be read.")
            .with_errors(vec![InvalidField::parameter(name, code, detail)])
    })
}

/// One or more path segments; 400 when a segment does not have its type.
///
/// Read here instead of by `web::Path`, which logs a path that it cannot read, whatever it holds.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Path<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = T::deserialize(PathDeserializer::new(request.match_info()));
        ready(read.map(Self).map_err(|_| {
            Problem::new(ProblemType::Malformed, "A segment of the path cannot be read.")
                .with_cause(Cause::new("path parameter"))
        }))
    }
}
