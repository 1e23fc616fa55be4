//! Versions, and the headers that make a request depend on one (RFC 9110, section 13).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{EntityTag, Header, IF_MATCH, IfMatch, IfNoneMatch};
use actix_web::{FromRequest, HttpRequest};
use error_handling::{InvalidField, Problem, ProblemType};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The strong tag of a post: its version, quoted. It is there before the body is written, and the
/// statement that changes the row can compare it, which no check before the statement can replace.
pub(crate) fn tag(version: i32) -> String {
    format!("\"{version}\"")
}

/// The weak tag of a list: a digest of what stands in it. Keyless SHA-256, as everybody shares the
/// cached lists, and whoever could make two with one tag could keep others from seeing the second.
pub(crate) fn list_tag(contents: &impl Serialize) -> String {
    let json = serde_json::to_vec(contents).unwrap_or_default();
    format!("W/\"{}\"", hexadecimal(&Sha256::digest(json)[..16]))
}

/// Bytes as text.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Which versions of a post a write may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever is there: no `If-Match`, or `*`.
    Anything,
    /// One of these. Empty when the client named tags that were never ours, which match nothing.
    Versions(Vec<i32>),
}

impl Expected {
    /// `None` without the header. Compares strongly: a weak tag promises only that two bodies mean
    /// about the same, which is not enough to write over one of them.
    fn read(request: &HttpRequest) -> Option<Self> {
        request.headers().contains_key(IF_MATCH).then(|| match IfMatch::parse(request) {
            Ok(IfMatch::Any) => Self::Anything,
            Ok(IfMatch::Items(tags)) => Self::Versions(tags.iter().filter_map(version).collect()),
            Err(_) => Self::Versions(Vec::new()),
        })
    }
}

/// Written again and compared: "+3" and "03" are numbers, but no tags of ours.
fn version(sent: &EntityTag) -> Option<i32> {
    let version: i32 = sent.tag().parse().ok()?;
    sent.strong_eq(&EntityTag::new_strong(version.to_string())).then_some(version)
}

/// `If-Match` of a route that goes on without it.
pub(crate) struct Match(pub(crate) Expected);

/// `If-Match` of a route that demands it: 428 without.
pub(crate) struct RequiredMatch(pub(crate) Expected);

/// `If-None-Match` of a read.
pub(crate) struct Known(Option<IfNoneMatch>);

impl Known {
    /// Whether the client has this representation already, so that 304 will do. Compares weakly:
    /// for reading, the same content is the same thing.
    pub(crate) fn has(&self, tag: &str) -> bool {
        match (&self.0, tag.parse::<EntityTag>()) {
            (Some(IfNoneMatch::Any), _) => true,
            (Some(IfNoneMatch::Items(known)), Ok(tag)) => {
                known.iter().any(|known| known.weak_eq(&tag))
            }
            _ => false,
        }
    }
}

/// 412: the post was changed since the client read it.
pub(crate) fn stale() -> Problem {
    let detail = "It was changed since you read it: read it again, then decide.";
    Problem::new(ProblemType::PreconditionFailed, detail)
}

fn missing() -> Problem {
    let detail = "Send If-Match with the ETag that you read, or * to overwrite whatever is there.";
    Problem::new(ProblemType::PreconditionRequired, "This request must say what it replaces.")
        .with_errors(vec![InvalidField::parameter("If-Match", "required", detail)])
}

impl FromRequest for Match {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(Expected::read(request).unwrap_or(Expected::Anything))))
    }
}

impl FromRequest for RequiredMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Expected::read(request).map(Self).ok_or_else(missing))
    }
}

impl FromRequest for Known {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(IfNoneMatch::parse(request).ok())))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::IF_NONE_MATCH;
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_a_strong_tag_of_ours_names_a_version() {
        for (sent, expected) in [
            ("\"3\"", Expected::Versions(vec![3])),
            ("\"3\", \"4\"", Expected::Versions(vec![3, 4])),
            ("*", Expected::Anything),
            ("W/\"3\"", Expected::Versions(vec![])),
            ("3", Expected::Versions(vec![])),
            ("\"+3\"", Expected::Versions(vec![])),
            ("\"03\"", Expected::Versions(vec![])),
            ("\"99999999999\"", Expected::Versions(vec![])),
        ] {
            let request = TestRequest::default().insert_header((IF_MATCH, sent)).to_http_request();
            assert_eq!(Expected::read(&request), Some(expected), "{sent}");
        }
        assert_eq!(Expected::read(&TestRequest::default().to_http_request()), None);
    }

    #[test]
    fn a_read_compares_weakly() {
        let has = |sent: Option<&str>, tag| {
            let mut request = TestRequest::default();
            if let Some(sent) = sent {
                request = request.insert_header((IF_NONE_MATCH, sent));
            }
            Known(IfNoneMatch::parse(&request.to_http_request()).ok()).has(tag)
        };
        assert!(has(Some("\"3\""), "\"3\""));
        assert!(has(Some("\"2\", W/\"3\""), "\"3\""));
        assert!(has(Some("\"x\""), "W/\"x\""));
        assert!(has(Some("*"), "\"3\""));
        assert!(!has(Some("\"2\""), "\"3\""));
        assert!(!has(None, "\"3\""));
        assert!(!has(Some(""), "\"3\""));
    }
}
