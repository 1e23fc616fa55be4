//! Which request is being served: its id, its path and its route.

use std::fmt;
use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};

tokio::task_local! {
    /// A task-local, instead of a parameter, so that a problem can name its request however deep
    /// it arises; set once, by [`crate::boundary`].
    static CURRENT: RequestContext;
}

/// The header that carries the id, in requests and responses alike.
pub const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The route of a request that no route serves.
pub const UNMATCHED: &str = "unmatched";

/// Identifies one request in response, log and trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Longest id taken over from a client, in bytes.
    const MAX_LENGTH: usize = 64;

    /// Takes over the caller's id if it is short and plain, so that one id follows a call through
    /// several services; otherwise makes a random one, as anything else could forge log lines.
    #[must_use]
    pub fn accept_or_make(offered: Option<&HeaderValue>) -> Self {
        offered
            .and_then(|value| value.to_str().ok())
            .filter(|text| !text.is_empty() && text.len() <= Self::MAX_LENGTH)
            .filter(|text| {
                text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            })
            .map_or_else(Self::random, |text| Self(text.into()))
    }

    fn random() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()).into())
    }

    /// The id as a header value.
    #[must_use]
    pub fn header_value(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The request that the current task serves.
#[derive(Clone, Debug)]
pub struct RequestContext {
    id: RequestId,
    path: Arc<str>,
    route: Arc<str>,
}

impl RequestContext {
    /// Reads id, path and route off a request. The query is left out: people put secrets into it.
    #[must_use]
    pub fn of(request: &ServiceRequest) -> Self {
        let id = RequestId::accept_or_make(request.headers().get(&REQUEST_ID_HEADER));
        // Looked up here, once: a request that is given up has lost its match when it is counted.
        let route = request.match_pattern().map_or_else(|| UNMATCHED.into(), Into::into);
        Self { id, path: request.path().into(), route }
    }

    /// The request that this task serves, if it serves one.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Runs `future` as part of serving this request.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    /// The request's id.
    #[must_use]
    pub fn id(&self) -> &RequestId {
        &self.id
    }

    /// The request's path, without its query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The pattern of the request's route, or [`UNMATCHED`]: what may stand in logs and labels, as
    /// people put addresses, card numbers and tokens into paths.
    #[must_use]
    pub fn route(&self) -> &str {
        &self.route
    }
}

/// A method as logs and labels may show it: one of the client's own invention would be text of its
/// choice.
#[must_use]
pub fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_id_of_the_caller_is_kept_and_any_other_replaced() {
        let kept = ["a", "3f2c-77", "trace_1.2", &"x".repeat(64)];
        for id in kept {
            let offered = HeaderValue::from_str(id).unwrap();
            assert_eq!(RequestId::accept_or_make(Some(&offered)).to_string(), id);
        }
        let replaced = ["", "two words", "a=b", "ümlaut", "{\"a\":1}", &"x".repeat(65)];
        for id in replaced {
            let offered = HeaderValue::from_bytes(id.as_bytes()).unwrap();
            let made = RequestId::accept_or_make(Some(&offered)).to_string();
            assert_ne!(made, id);
            assert_eq!(made.len(), 32, "{id:?} was replaced by a random id");
        }
    }
}
