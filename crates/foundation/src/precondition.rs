//! Versions, and the headers that make a request depend on one (RFC 9110, section 13).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};
use actix_web::{FromRequest, HttpRequest};
use error_handling::{InvalidField, Problem, ProblemType};
use sha2::{Digest, Sha256};

/// The strong entity tag of one resource: its version, quoted.
///
/// The version, instead of a digest of the body: it is there before the body is written, and the
/// statement that changes the row can compare it, which no check before the statement can replace.
#[must_use]
pub fn tag(version: i32) -> String {
    format!("\"{version}\"")
}

/// The weak entity tag of what has no version, such as a list: a digest of its content, whatever
/// compression it is sent in. SHA-256, as whoever could make two contents with one tag could keep
/// others from seeing the second.
#[must_use]
pub fn digest_tag(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    let start: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("W/\"{start}\"")
}

/// Which versions of a resource a write may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever is there: no `If-Match`, or `*`.
    Anything,
    /// One of these. Empty when the client named tags that were never ours, which match nothing.
    Versions(Vec<i32>),
}

/// `If-Match` of a route that goes on without it.
#[derive(Clone, Debug)]
pub struct IfMatch(pub Expected);

/// `If-Match` of a route that demands it: 428 without. `*` says "overwrite whatever is there".
#[derive(Clone, Debug)]
pub struct RequiredIfMatch(pub Expected);

/// `If-None-Match` of a read.
#[derive(Clone, Debug)]
pub struct IfNoneMatch(Vec<String>);

impl IfNoneMatch {
    /// Reads the header; without it the client has nothing.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        Self(tags(headers, &IF_NONE_MATCH).unwrap_or_default())
    }

    /// Whether the client has this representation already, so that 304 will do. Compares weakly
    /// (RFC 9110, section 8.8.3.2): for reading, the same content is the same thing.
    #[must_use]
    pub fn has(&self, tag: &str) -> bool {
        let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
        self.0.iter().any(|sent| sent == "*" || opaque(sent) == opaque(tag))
    }
}

/// The members of a list of tags, over all lines of the header; `None` without the header.
///
/// Split at every comma, though a tag may hold one: no piece of such a tag is a whole one of ours.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<String>> {
    headers.contains_key(name).then(|| {
        let lines = headers.get_all(name).filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(',')).map(|tag| tag.trim().to_owned()).collect()
    })
}

impl Expected {
    /// Reads `If-Match`; `None` without it. Compares strongly: a weak tag promises only that two
    /// bodies mean about the same, which is not enough to write over one of them.
    fn read(headers: &HeaderMap) -> Option<Self> {
        let tags = tags(headers, &IF_MATCH)?;
        if tags.iter().any(|tag| tag == "*") {
            return Some(Self::Anything);
        }
        // Written again and compared: "+3" and "03" are numbers, but no tags of ours.
        let version = |sent: &String| {
            let version = sent.strip_prefix('"')?.strip_suffix('"')?.parse().ok()?;
            (tag(version) == *sent).then_some(version)
        };
        Some(Self::Versions(tags.iter().filter_map(version).collect()))
    }

    /// Refuses a condition that names versions, for a resource that has none, such as a list.
    ///
    /// # Errors
    /// 412.
    pub fn require_anything(&self) -> Result<(), Problem> {
        match self {
            Self::Anything => Ok(()),
            Self::Versions(_) => Err(stale()),
        }
    }
}

/// 412: the resource was changed since the client read it.
#[must_use]
pub fn stale() -> Problem {
    let detail = "It was changed since you read it: read it again, then decide.";
    Problem::new(ProblemType::PreconditionFailed, detail)
}

fn missing() -> Problem {
    let detail = "Send If-Match with the ETag that you read, or * to overwrite whatever is there.";
    Problem::new(ProblemType::PreconditionRequired, "This request must say what it replaces.")
        .with_errors(vec![InvalidField::parameter("If-Match", "required", detail)])
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(Expected::read(request.headers()).unwrap_or(Expected::Anything))))
    }
}

impl FromRequest for RequiredIfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Expected::read(request.headers()).map(Self).ok_or_else(missing))
    }
}

impl FromRequest for IfNoneMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request.headers())))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn headers(name: &HeaderName, lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name.clone(), HeaderValue::from_str(line).unwrap());
        }
        headers
    }

    #[test]
    fn only_a_strong_tag_of_ours_names_a_version() {
        let cases: [(&[&str], Option<Expected>); 10] = [
            (&[], None),
            (&["\"3\""], Some(Expected::Versions(vec![3]))),
            (&["\"3\", \"4\""], Some(Expected::Versions(vec![3, 4]))),
            (&["\"3\"", "\"4\""], Some(Expected::Versions(vec![3, 4]))),
            (&["*"], Some(Expected::Anything)),
            (&["W/\"3\""], Some(Expected::Versions(vec![]))),
            (&["3"], Some(Expected::Versions(vec![]))),
            (&["\"+3\", \"03\""], Some(Expected::Versions(vec![]))),
            (&["\"a,3\""], Some(Expected::Versions(vec![]))),
            (&["\"99999999999\""], Some(Expected::Versions(vec![]))),
        ];
        for (lines, expected) in cases {
            assert_eq!(Expected::read(&headers(&IF_MATCH, lines)), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_read_compares_weakly() {
        let has = |lines: &[&str], tag| IfNoneMatch::of(&headers(&IF_NONE_MATCH, lines)).has(tag);
        assert!(has(&["\"3\""], "\"3\""));
        assert!(has(&["\"2\", W/\"3\""], "\"3\""));
        assert!(has(&["\"x\""], "W/\"x\""));
        assert!(has(&["*"], "\"3\""));
        assert!(!has(&["\"2\""], "\"3\""));
        assert!(!has(&[], "\"3\""));
    }
}
