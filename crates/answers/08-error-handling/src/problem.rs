//! The one error type that every route returns, and its RFC 9457 body.
//!
//! Which type belongs where: a store function returns `diesel::QueryResult`, a handler returns
//! [`Problem`], and `?` between them goes through `From`, which keeps a redacted [`Cause`].

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Cause, ProblemType, RequestContext};

/// The media type of every error body (RFC 9457, section 3).
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A failed request: what the client is told, and apart from it what the log is told.
///
/// Boxed, because it travels in the `Err` of every handler and an enum with room for all of this
/// would make the success path carry it too.
#[derive(Clone)]
pub struct Problem(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ProblemType,
    detail: Cow<'static, str>,
    errors: Vec<InvalidField>,
    retry_after: Option<Duration>,
    allow: Vec<Method>,
    challenge: Option<&'static str>,
    cause: Option<Cause>,
}

/// One member of a request that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct InvalidField {
    /// JSON pointer into the body as a URI fragment (RFC 6901, section 6), such as
    /// `#/entries/17/level`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Name of the path, query or header parameter, where the fault is not in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// Stable code that clients may switch on, such as `too_long`.
    pub code: Cow<'static, str>,
    /// The same for a person.
    pub detail: Cow<'static, str>,
}

impl InvalidField {
    /// A fault in the body; `path` is the pointer without its `#`, such as `/entries/17/level`.
    pub fn body(
        path: &str,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (code, detail) = (code.into(), detail.into());
        Self { pointer: Some(format!("#{path}")), parameter: None, code, detail }
    }

    /// A fault in a path, query or header parameter.
    pub fn parameter(
        name: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (code, detail) = (code.into(), detail.into());
        Self { pointer: None, parameter: Some(name.into()), code, detail }
    }
}

/// The members of an `application/problem+json` body (RFC 9457, section 3.1).
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// URI reference that identifies the problem type.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// Short summary; the same for every occurrence of the type.
    pub title: &'static str,
    /// The status of this response.
    pub status: u16,
    /// What happened this time.
    pub detail: Cow<'static, str>,
    /// Path of the request that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Quote this when you report the failure; it is in our logs as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Each member that was refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<InvalidField>,
}

impl Problem {
    /// A problem of this type. `detail` goes to the client as it is: write it yourself, never pass
    /// on the text of another error.
    pub fn new(kind: ProblemType, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            allow: Vec::new(),
            challenge: None,
            cause: None,
        }))
    }

    /// 404 for a resource that is not there, or not there for this caller.
    pub fn not_found(what: &str) -> Self {
        Self::new(ProblemType::NotFound, format!("There is no such {what}."))
    }

    /// 409 for one more of what is bounded, such as to-dos of a person; `detail` is for a person. Not
    /// 422: once something is deleted, the same request will do.
    pub fn full(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ProblemType::Conflict, "There is no room for more.")
            .with_errors(vec![InvalidField::body("", "too_many", detail)])
    }

    /// 422 with every refused member of the request.
    #[must_use]
    pub fn invalid(errors: Vec<InvalidField>) -> Self {
        let detail = match errors.len() {
            1 => Cow::from("One field of the request is not acceptable."),
            count => Cow::from(format!("{count} fields of the request are not acceptable.")),
        };
        Self::new(ProblemType::Invalid, detail).with_errors(errors)
    }

    /// 503 that tells when to come back.
    pub fn unavailable(detail: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        Self::new(ProblemType::Unavailable, detail).with_retry_after(retry_after)
    }

    /// 500 that tells the client nothing; `cause` goes to the log.
    #[must_use]
    pub fn internal(cause: Cause) -> Self {
        let detail = "Something went wrong on our side. Quote the request id when you report it.";
        Self::new(ProblemType::Internal, detail).with_cause(cause)
    }

    /// Adds the refused members.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<InvalidField>) -> Self {
        self.0.errors = errors;
        self
    }

    /// Adds `Retry-After`, rounded up to whole seconds (RFC 9110, section 10.2.3).
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(after);
        self
    }

    /// Adds `Allow`, which a 405 must carry (RFC 9110, section 15.5.6).
    #[must_use]
    pub fn with_allow(mut self, methods: Vec<Method>) -> Self {
        self.0.allow = methods;
        self
    }

    /// Adds `WWW-Authenticate`, which a 401 must carry (RFC 9110, section 15.5.2).
    #[must_use]
    pub fn with_challenge(mut self, challenge: &'static str) -> Self {
        self.0.challenge = Some(challenge);
        self
    }

    /// Adds what the log may say about the reason.
    #[must_use]
    pub fn with_cause(mut self, cause: Cause) -> Self {
        self.0.cause = Some(cause);
        self
    }

    /// The problem type.
    #[must_use]
    pub fn kind(&self) -> ProblemType {
        self.0.kind
    }

    /// What the log may say about the reason.
    #[must_use]
    pub fn cause(&self) -> Option<&Cause> {
        self.0.cause.as_ref()
    }

    /// The body as the client gets it.
    #[must_use]
    pub fn body(&self) -> ProblemBody {
        let context = RequestContext::current();
        let (instance, request_id) =
            context.map(|context| (context.path().to_owned(), context.id().to_string())).unzip();
        ProblemBody {
            type_uri: self.0.kind.uri(),
            title: self.0.kind.title(),
            status: self.0.kind.status().as_u16(),
            detail: self.0.detail.clone(),
            instance,
            request_id,
            errors: self.0.errors.clone(),
        }
    }

    fn headers(&self, response: &mut HttpResponse) {
        let headers = response.headers_mut();
        if let Some(after) = self.0.retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if !self.0.allow.is_empty() {
            let names: Vec<&str> = self.0.allow.iter().map(Method::as_str).collect();
            if let Ok(value) = HeaderValue::from_str(&names.join(", ")) {
                headers.insert(header::ALLOW, value);
            }
        }
        if let Some(challenge) = self.0.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.kind.title(), self.0.detail)
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, cause, errors, .. } = &*self.0;
        f.debug_struct("Problem")
            .field("kind", kind)
            .field("errors", errors)
            .field("cause", cause)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.kind.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response =
            HttpResponse::build(self.status_code()).content_type(MEDIA_TYPE).json(self.body());
        self.headers(&mut response);
        response
    }
}
