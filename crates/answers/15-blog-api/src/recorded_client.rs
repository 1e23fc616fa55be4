//! A client of version 1, recorded: what it asks and what it was answered, replayed against every
//! build. It reads as tolerantly as clients should: members that it does not know do not disturb it.

mod script;

use std::collections::BTreeMap;

use actix_web::http::Method;
use auth::testing::sign_up;
use chrono::DateTime;
use foundation::testing::{Client, Reply, TestApp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Its file below the crate's folder.
pub const FILE: &str = "contract/client-v1.json";

/// The recording.
pub const RECORDING: &str = include_str!("../contract/client-v1.json");

/// One request and its response.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exchange {
    /// What the client asks.
    pub request: Request,
    /// What it was answered, with a rule such as `{time}` in place of what differs between runs.
    pub response: Response,
}

/// What the client asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// `author`, `reader`, or nobody in particular.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The method.
    pub method: String,
    /// The path; `{next}` is the last `rel="next"`, `{id}` the last `id` that the client was told.
    pub path: String,
    /// Headers beside the token; `{etag}` is the last strong ETag that the client was told, `{before}`
    /// the one before it. What they say is the server's alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// A JSON body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// What it was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers that the client reads.
    pub headers: BTreeMap<String, String>,
    /// The JSON body; null where there is none.
    pub body: Value,
}

/// Who takes part.
#[derive(Debug)]
pub struct People {
    author: Client,
    reader: Client,
    anonymous: Client,
}

impl People {
    /// Signs them up on a server.
    #[must_use]
    pub fn of(app: &TestApp) -> Self {
        let client = |role| sign_up(app, role).client;
        Self { author: client("author"), reader: client("reader"), anonymous: app.anonymous() }
    }

    fn playing(&self, role: Option<&str>) -> &Client {
        match role {
            Some("author") => &self.author,
            Some("reader") => &self.reader,
            _ => &self.anonymous,
        }
    }
}

/// What the client remembers between requests.
#[derive(Default)]
struct Memory {
    next: String,
    id: String,
    etag: String,
    before: String,
}

impl Memory {
    fn fill_in(&self, text: &str) -> String {
        text.replace("{next}", &self.next)
            .replace("{id}", &self.id)
            .replace("{etag}", &self.etag)
            .replace("{before}", &self.before)
    }

    fn keep(&mut self, etag: &str) {
        if etag.starts_with('"') && etag != self.etag {
            self.before = std::mem::replace(&mut self.etag, etag.to_owned());
        }
    }
}

/// The recorded exchanges.
///
/// # Errors
/// When the recording is not readable.
pub fn recorded() -> Result<Vec<Exchange>, serde_json::Error> {
    serde_json::from_str(RECORDING)
}

/// Replays all of `exchanges` and tells for each what came otherwise; none where nothing did.
pub async fn replay(exchanges: &[Exchange], people: &People) -> Vec<Option<String>> {
    let mut memory = Memory::default();
    let mut differences = Vec::new();
    for Exchange { request, response } in exchanges {
        let came = ask(people, request, &mut memory).await;
        let at = format!("{} {}", request.method, request.path);
        differences.push(difference(response, &came).map(|place| format!("{at}: {place}")));
    }
    differences
}

/// Asks all that the script asks and keeps the answers.
pub async fn record(people: &People) -> Vec<Exchange> {
    let mut memory = Memory::default();
    let mut exchanges = Vec::new();
    for request in script::script() {
        let Response { status, headers, body } = ask(people, &request, &mut memory).await;
        let headers = headers.into_iter().map(|(name, value)| {
            // Of lists, whose tags are digests of ids and times.
            let rule = if value.starts_with("W/") { Some("{text}") } else { None };
            let rule = if name == "etag" { rule.or(Some("{tag}")) } else { rule };
            (name, rule.map_or(value, str::to_owned))
        });
        let response = Response { status, headers: headers.collect(), body: generalised(body) };
        exchanges.push(Exchange { request, response });
    }
    exchanges
}

async fn ask(people: &People, request: &Request, memory: &mut Memory) -> Response {
    let path = memory.fill_in(&request.path);
    let method = Method::from_bytes(request.method.as_bytes()).unwrap_or_default();
    let json = [("content-type", "application/json")].into_iter();
    let named: Vec<(&str, String)> =
        request.headers.iter().map(|(name, value)| (&**name, memory.fill_in(value))).collect();
    let named = named.iter().map(|(name, value)| (*name, value.as_str()));
    let headers: Vec<_> = json.filter(|_| request.body.is_some()).chain(named).collect();
    let body = request.body.as_ref().map(|body| body.to_string().into_bytes());
    let client = people.playing(request.role.as_deref());
    let reply = client.send(method, &path, &headers, body).await;
    memory.keep(reply.header("etag"));
    if let Some(next) = next(&reply) {
        memory.next = next;
    }
    let body: Value = serde_json::from_str(&reply.text).unwrap_or_default();
    if body["id"].is_number() {
        memory.id = body["id"].to_string();
    }
    Response { status: reply.status.as_u16(), headers: read_headers(&reply), body }
}

fn read_headers(reply: &Reply) -> BTreeMap<String, String> {
    let read = ["content-type", "etag", "idempotency-replayed", "location"];
    let sent = read.into_iter().map(|name| (name.to_owned(), reply.header(name).to_owned()));
    sent.filter(|(_, value)| !value.is_empty()).collect()
}

/// Where the next page is, of all lines and members of `Link`.
pub(crate) fn next(reply: &Reply) -> Option<String> {
    let lines = reply.headers.get_all("link").filter_map(|line| line.to_str().ok());
    let mut links = lines.flat_map(|line| line.split(", "));
    let next = links.find(|link| link.ends_with("rel=\"next\""))?;
    Some(next.strip_prefix('<')?.split_once('>')?.0.to_owned())
}

/// Members that no two runs share become rules.
fn generalised(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(generalised).collect(),
        Value::Object(members) => {
            let rule = |name: &str, value: Value| match name {
                "id" => json!("{number}"),
                "published_at" | "created_at" if value.is_string() => json!("{time}"),
                // For people, who mind no other words.
                "detail" | "request_id" => json!("{text}"),
                _ => generalised(value),
            };
            members.into_iter().map(|(name, value)| (name.clone(), rule(&name, value))).collect()
        }
        value => value,
    }
}

fn difference(expected: &Response, came: &Response) -> Option<String> {
    if expected.status != came.status {
        return Some(format!("status {} instead of {}", came.status, expected.status));
    }
    for (name, value) in &expected.headers {
        let sent = came.headers.get(name).map_or(Value::Null, |sent| json!(sent));
        if let Some(place) = unlike(&json!(value), &sent, name) {
            return Some(place);
        }
    }
    unlike(&expected.body, &came.body, "body")
}

/// The first place where `came` is not what was expected.
fn unlike(expected: &Value, came: &Value, at: &str) -> Option<String> {
    let same = match (expected, came) {
        (Value::Object(members), Value::Object(others)) => {
            return members.iter().find_map(|(name, member)| {
                let at = format!("{at}.{name}");
                match others.get(name) {
                    Some(other) => unlike(member, other, &at),
                    None => Some(format!("{at} is missing")),
                }
            });
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            let mut pairs = items.iter().zip(others);
            return pairs.find_map(|(item, other)| unlike(item, other, &format!("{at}[]")));
        }
        (Value::String(rule), came) if rule.starts_with('{') => keeps(rule, came),
        (expected, came) => expected == came,
    };
    (!same).then(|| format!("{at} is {came} instead of {expected}"))
}

fn keeps(rule: &str, came: &Value) -> bool {
    match rule {
        "{number}" => came.is_i64(),
        "{time}" => came.as_str().is_some_and(|text| DateTime::parse_from_rfc3339(text).is_ok()),
        "{tag}" => came.as_str().is_some_and(|tag| tag.len() > 2 && tag.starts_with('"')),
        "{text}" => came.as_str().is_some_and(|text| !text.is_empty()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_overlooks_new_members_and_misses_lost_and_changed_ones() {
        let expected = json!({"author": "Ada", "at": "{time}", "tags": ["{text}"]});
        let good = json!({"author": "Ada", "at": "2026-11-24T00:00:00Z", "tags": ["a"], "new": 1});
        assert_eq!(unlike(&expected, &good, "body"), None);
        for (name, value) in [
            ("author", json!({"id": 1, "name": "Ada"})),
            ("at", json!("yesterday")),
            ("tags", json!([])),
            ("tags", json!([1])),
        ] {
            let mut other = good.clone();
            other[name] = value;
            assert!(unlike(&expected, &other, "body").is_some(), "{other}");
            other.as_object_mut().unwrap().remove(name);
            assert_eq!(unlike(&expected, &other, "b"), Some(format!("b.{name} is missing")));
        }
    }
}
