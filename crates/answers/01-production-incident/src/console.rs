//! The signals as text, for a terminal.

use std::fmt::Write;
use std::sync::Arc;

use foundation::operations::{Activity, FinishedRequest};

/// Lines that fit on a screen.
const SCREEN: usize = 40;

/// The samples whose name or labels hold `filter`, without the buckets of histograms.
pub(crate) fn metrics(exposition: &str, filter: &str) -> String {
    let wanted =
        |line: &&str| !line.starts_with('#') && line.contains(filter) && !line.contains("_bucket{");
    let lines: Vec<&str> = exposition.lines().filter(wanted).collect();
    shortened(&lines, "no such metric")
}

/// Finished requests, one a line, with what their time went into.
pub(crate) fn requests(requests: &[Arc<FinishedRequest>]) -> String {
    let lines: Vec<String> = requests.iter().map(|request| line(request)).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    shortened(&lines, "none")
}

fn line(request: &FinishedRequest) -> String {
    let FinishedRequest { request_id, method, route, status, .. } = request;
    let spans = request.timeline();
    let spans = if spans.is_empty() { "no spans" } else { &spans };
    let took = request.duration().as_millis();
    format!("{request_id:8} {method} {route} → {status} in {took} ms: {spans}")
}

/// Sessions of the database, the oldest transaction first.
pub(crate) fn activity(sessions: &[Activity]) -> String {
    let lines: Vec<String> = sessions.iter().map(session).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    shortened(&lines, "no sessions")
}

fn session(session: &Activity) -> String {
    let Activity { pid, state, statement, .. } = session;
    let application = if session.application.is_empty() { "–" } else { &session.application };
    let mut line = format!("{pid:7} {application:14} {state:19}");
    if let Some(open) = session.transaction_ms {
        let _ = write!(line, " open {open} ms,");
    }
    if let Some(waits_for) = session.waits_for.as_ref().filter(|_| state != "idle") {
        let _ = write!(line, " waits for {waits_for},");
    }
    if !session.blocked_by.is_empty() {
        let _ = write!(line, " blocked by {:?},", session.blocked_by);
    }
    let statement: String = statement.chars().take(70).collect();
    let _ = write!(line, " {statement}");
    line
}

/// With a capital letter at its beginning.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

fn shortened(lines: &[&str], none: &str) -> String {
    match lines.len() {
        0 => none.to_owned(),
        count if count > SCREEN => {
            format!("{}\n… and {} more", lines[..SCREEN].join("\n"), count - SCREEN)
        }
        _ => lines.join("\n"),
    }
}
