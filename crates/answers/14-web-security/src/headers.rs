//! What tells a browser how little this site needs.

use std::sync::LazyLock;

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use foundation::http::Answered;

/// Pages run and load what this server serves and nothing else; an injected element can do neither.
const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";
/// Swagger UI sets styles through the DOM, which a policy does not see, and has no form to send. Its
/// logo brings one style element, which is allowed by its hash: another one is not.
const DOCS: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; \
    img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; \
    frame-ancestors 'none'";
/// A picture may style itself, also when it is opened on its own, and run nothing.
const PICTURE: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
/// Data are not a document: nothing may run if a browser is talked into showing them as one.
const DATA: &str = "default-src 'none'; frame-ancestors 'none'";

/// Two years, where ASVS 3.4.1 asks for one at least, and for every name below this one. Without
/// `preload`: whoever is on that list leaves it in months, not in a day.
const ONLY_TLS: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");

/// The same for every response. Built once; a copy of a static value costs no allocation.
static COMMON: LazyLock<Vec<(HeaderName, HeaderValue)>> = LazyLock::new(|| {
    [
        ("x-content-type-options", "nosniff"),
        // For browsers that do not know `frame-ancestors`.
        ("x-frame-options", "DENY"),
        // Not `no-referrer`: with it a form posts the origin `null`, and guards refuse that.
        ("referrer-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ]
    .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
    .into()
});

/// Adds what is missing to a response. A header that its handler set stays as it is: whoever
/// serves something special knows better, and two policies would both have to hold.
pub fn protect(answered: Answered<'_>, headers: &mut HeaderMap) {
    for (name, value) in COMMON.iter() {
        set_missing(headers, name, value.clone());
    }
    // RFC 6797, section 7.2: never over plain HTTP, where anybody could have put it in.
    if answered.over_tls {
        set_missing(headers, &header::STRICT_TRANSPORT_SECURITY, ONLY_TLS);
    }
    // Without content there is nothing to run, and a 304 must not replace the policy of the copy.
    if let Some(policy) = headers.get(header::CONTENT_TYPE).map(|kind| policy(answered.path, kind))
    {
        let policy = HeaderValue::from_static(policy);
        set_missing(headers, &header::CONTENT_SECURITY_POLICY, policy);
    }
}

fn policy(path: &str, content_type: &HeaderValue) -> &'static str {
    let kind = content_type.as_bytes();
    if kind.starts_with(b"image/svg+xml") {
        return PICTURE;
    }
    match (kind.starts_with(b"text/html"), path.starts_with("/docs/")) {
        (true, true) => DOCS,
        (true, false) => PAGE,
        (false, _) => DATA,
    }
}

fn set_missing(headers: &mut HeaderMap, name: &HeaderName, value: HeaderValue) {
    if !headers.contains_key(name) {
        headers.insert(name.clone(), value);
    }
}
