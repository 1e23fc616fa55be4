//! Twelve ways a request goes wrong, and what the right answer to each is.

use actix_web::http::Method;

/// One fault: a request, and the status that tells the truth about it.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) status: u16,
}

/// The password that clients send; it must appear in no body and no log line.
const PASSWORD: &str = "correct-horse-battery";

/// What must never reach a client or a log, by kind.
pub(crate) const LEAKS: [(&str, &[&str]); 4] = [
    ("SQL", &["INSERT INTO", "duplicate key value", "violates unique"]),
    ("parser text", &["EOF while", "recursion limit", "invalid digit", "expected value"]),
    ("stack", &["panicked at", "stack backtrace"]),
    ("secret", &[PASSWORD, "s3cr3t-db", "4111 1111"]),
];

pub(crate) fn all() -> Vec<Fault> {
    let account = format!(r#"{{"email":"ada@example.org","password":"{PASSWORD}"}}"#);
    let cut_off = account[..account.len() - 2].to_owned();
    let oversized = format!(r#"{{"email":"{}"}}"#, "x".repeat(2 << 20));
    vec![
        post("malformed JSON", "application/json", cut_off, 400),
        post("wrong media type", "text/plain", account.clone(), 415),
        get("unknown route", "/nowhere", 404),
        Fault { method: Method::DELETE, ..get("wrong method", "/accounts", 405) },
        get("bad path segment", "/accounts/abc", 400),
        get("bad query parameter", "/accounts?limit=abc", 400),
        post("oversized body", "application/json", oversized, 413),
        post("body nested 100 000 deep", "application/json", "[".repeat(100_000), 400),
        post("duplicate row", "application/json", account, 409),
        get("panic", "/export", 500),
        get("dead database", "/report", 503),
        get("dependency that hangs", "/partner", 503),
    ]
}

fn get(name: &'static str, path: &'static str, status: u16) -> Fault {
    Fault { name, method: Method::GET, path, media_type: "", body: Vec::new(), status }
}

fn post(name: &'static str, media_type: &'static str, body: String, status: u16) -> Fault {
    let (method, body) = (Method::POST, body.into_bytes());
    Fault { name, method, path: "/accounts", media_type, body, status }
}

/// Whether a body names code or a statement: a net for what [`LEAKS`] does not think of.
pub(crate) fn shows_insides(body: &str) -> bool {
    ["SELECT", "INSERT", "::", ".rs:", "thread '", "at line"].iter().any(|sign| body.contains(sign))
}

/// The kinds of leak in a text.
pub(crate) fn leaks_in(text: &str) -> Vec<&'static str> {
    let leaked = LEAKS.iter().filter(|(_, signs)| signs.iter().any(|sign| text.contains(sign)));
    leaked.map(|(kind, _)| *kind).collect()
}
