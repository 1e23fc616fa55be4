//! The status table: every way a request can fail, and what each is called on the wire.

use actix_web::http::StatusCode;

/// A problem type in the sense of RFC 9457, section 4.
///
/// One table for the whole backend, instead of a status chosen in each handler, because clients
/// switch on it and two spellings of one failure are two failures to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemType {
    /// The body, path or query cannot be read at all.
    Malformed,
    /// No valid credentials came with the request.
    Unauthenticated,
    /// The credentials are valid but do not permit this.
    Forbidden,
    /// Nothing at this address, or nothing this caller may see.
    NotFound,
    /// The address exists, the method does not; `Allow` lists those that do.
    MethodNotAllowed,
    /// The client took too long to send its request.
    RequestTimeout,
    /// The request contradicts the present state, such as a value that must be unique.
    Conflict,
    /// Somebody else has the last of what was asked for; a conflict that shops are asked about by name.
    OutOfStock,
    /// `If-Match` names another version than the stored one.
    PreconditionFailed,
    /// The body exceeds the limit of this route.
    TooLarge,
    /// The body's media type is not one that this route reads.
    UnsupportedMediaType,
    /// The body reads well but says something that is not allowed.
    Invalid,
    /// The route demands a precondition header that is missing.
    PreconditionRequired,
    /// The client exceeded its rate limit.
    TooManyRequests,
    /// A defect of ours.
    Internal,
    /// A dependency is down, or the server has more work than it can finish in time.
    Unavailable,
}

/// Who has to change something for the request to succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The client: repeating the same request fails again.
    Client,
    /// Neither: the same request may succeed later, so `Retry-After` says when to try.
    Passing,
    /// Us: somebody is paged.
    Server,
}

impl ProblemType {
    /// Every problem type, in the order of the status table.
    pub const ALL: [Self; 16] = [
        Self::Malformed,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::Conflict,
        Self::OutOfStock,
        Self::PreconditionFailed,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::Invalid,
        Self::PreconditionRequired,
        Self::TooManyRequests,
        Self::Internal,
        Self::Unavailable,
    ];

    /// Status, name in the `type` URI, and title: the whole table in one screen.
    const fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed => (StatusCode::BAD_REQUEST, "malformed", "Malformed request"),
            Self::Unauthenticated => {
                (StatusCode::UNAUTHORIZED, "unauthenticated", "Authentication required")
            }
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "Not permitted"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed")
            }
            Self::RequestTimeout => {
                (StatusCode::REQUEST_TIMEOUT, "request-timeout", "Request took too long to arrive")
            }
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "Conflict"),
            Self::OutOfStock => (StatusCode::CONFLICT, "out-of-stock", "Out of stock"),
            Self::PreconditionFailed => {
                (StatusCode::PRECONDITION_FAILED, "precondition-failed", "Precondition failed")
            }
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Body too large"),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "Media type not supported",
            ),
            Self::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Invalid content"),
            Self::PreconditionRequired => (
                StatusCode::PRECONDITION_REQUIRED,
                "precondition-required",
                "Precondition required",
            ),
            Self::TooManyRequests => {
                (StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests")
            }
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Service unavailable")
            }
        }
    }

    /// The status of the response.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.row().0
    }

    /// The last segment of the `type` URI; clients may switch on it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().1
    }

    /// The `type` member: a path that the backend answers with a page about the type.
    #[must_use]
    pub fn uri(self) -> String {
        format!("/problems/{}", self.name())
    }

    /// The `title` member: the same for every occurrence of the type.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.row().2
    }

    /// Who has to change something.
    #[must_use]
    pub const fn fault(self) -> Fault {
        match self {
            Self::Internal => Fault::Server,
            Self::Unavailable | Self::TooManyRequests | Self::RequestTimeout => Fault::Passing,
            _ => Fault::Client,
        }
    }

    /// The type for a bare status that some library answered with, if the table has one: the first,
    /// which is the general one.
    #[must_use]
    pub fn for_status(status: StatusCode) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.status() == status)
    }
}
