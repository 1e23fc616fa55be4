//! All the ways in which a client may send a secret to one operation, also where it should not.

use std::cell::Cell;
use std::str::FromStr;

use awc::Client;
use awc::http::Method;
use serde_json::{Value, json};

use crate::requests::{Description, Operation, leaves, replaced};

/// A card number for where the API asks for free text, which it keeps.
pub const TYPED: &str = "5105105105105100";

/// One request, as far as it differs from others.
#[derive(Clone, Debug, Default)]
pub struct Attempt {
    /// Instead of the operation's own.
    pub method: Option<String>,
    /// With its query.
    pub path: String,
    /// Name and value of each.
    pub headers: Vec<(String, String)>,
    /// Media type and text.
    pub body: Option<(&'static str, String)>,
}

impl Attempt {
    /// The same with this header, instead of one of its name.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut attempt = self.clone();
        attempt.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        attempt.headers.push((name.to_owned(), value.to_owned()));
        attempt
    }

    fn with_json(&self, body: &Value) -> Self {
        Self { body: Some(("application/json", body.to_string())), ..self.clone() }
    }

    fn with_text(&self, media: &'static str, text: String) -> Self {
        Self { body: Some((media, text)), ..self.clone() }
    }

    /// Sends it; `method` is the operation's. Returns the status, 0 where there was no response.
    pub async fn send(
        &self,
        client: &Client,
        base: &str,
        method: &str,
        token: Option<&str>,
    ) -> u16 {
        let Ok(method) = Method::from_str(self.method.as_deref().unwrap_or(method)) else {
            return 0;
        };
        let mut request = client.request(method, format!("{base}{}", self.path));
        if let Some(token) = token {
            request = request.insert_header(("authorization", format!("Bearer {token}")));
        }
        for (name, value) in &self.headers {
            request = request.insert_header((name.as_str(), value.as_str()));
        }
        let sent = match &self.body {
            Some((media, text)) => request.content_type(*media).send_body(text.clone()).await,
            None => request.send().await,
        };
        let Ok(mut response) = sent else { return 0 };
        // Read to its end, so that the connection serves the next one.
        let _ = response.body().limit(16 << 20).await;
        response.status().as_u16()
    }
}

/// Whether the API asks for a secret under this name.
fn is_secret(name: &str) -> bool {
    ["password", "token", "secret", "authorization", "card"].iter().any(|word| name.contains(word))
}

/// The request that the description asks for, with the canary where it asks for a secret.
fn right(description: &Description, operation: &Operation, canary: &str) -> (Attempt, Value) {
    thread_local!(static SERIAL: Cell<u32> = const { Cell::new(0) });
    let text = |name: &str| match is_secret(name) {
        true => canary.to_owned(),
        // Numbered, as some texts may stand only once.
        false => format!("{TYPED}x{}", SERIAL.replace(SERIAL.get() + 1)),
    };
    let mut attempt = Attempt { path: operation.path.clone(), ..Attempt::default() };
    for parameter in &operation.parameters {
        let value = description.example(&parameter.schema, &parameter.name, &text);
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match parameter.place.as_str() {
            "path" => {
                attempt.path = attempt.path.replace(&format!("{{{}}}", parameter.name), &value);
            }
            "header" => attempt = attempt.with_header(&parameter.name, &format!("\"{value}\"")),
            _ => {}
        }
    }
    let body = operation.body.as_ref().map(|schema| description.example(schema, "body", &text));
    match &body {
        Some(body) => (attempt.with_json(body), body.clone()),
        None => (attempt, Value::Null),
    }
}

/// Everything that is tried on one operation with one canary.
#[must_use]
pub fn attempts(description: &Description, operation: &Operation, canary: &str) -> Vec<Attempt> {
    let (right, body) = right(description, operation, canary);
    let mut attempts = vec![right.clone()];
    attempts.extend(odd_bodies(&body, canary).iter().map(|body| right.with_json(body)));
    for media in ["application/json", "text/plain", "application/x-www-form-urlencoded"] {
        attempts.push(right.with_text(media, canary.to_owned()));
        attempts.push(right.with_text(media, format!("{{\"password\": \"{canary}\", ")));
    }
    let query =
        |name: &str| Attempt { path: format!("{}?{name}={canary}", right.path), ..right.clone() };
    let queries = operation.parameters.iter().filter(|parameter| parameter.place == "query");
    attempts.extend(queries.map(|parameter| query(&parameter.name)));
    attempts.extend(["password", "token", "access_token", canary].map(query));
    let mut in_the_path = operation.path.clone();
    for parameter in operation.parameters.iter().filter(|parameter| parameter.place == "path") {
        in_the_path = in_the_path.replace(&format!("{{{}}}", parameter.name), canary);
    }
    attempts.push(Attempt { path: format!("{}/{canary}", right.path), ..right.clone() });
    attempts.push(Attempt { path: in_the_path, ..right.clone() });
    attempts.extend(headers(operation, &right, canary));
    attempts.push(Attempt { method: Some(canary.to_owned()), ..right });
    attempts
}

/// Bodies of another shape: each member holds something else, or there is one too many.
fn odd_bodies(body: &Value, canary: &str) -> Vec<Value> {
    let mut bodies = Vec::new();
    for pointer in leaves(body) {
        let leaf = body.pointer(&pointer).cloned().unwrap_or_default();
        bodies.push(replaced(body, &pointer, json!({ canary: canary })));
        bodies.push(replaced(body, &pointer, json!([canary])));
        // Where any text or number is welcome, it would be no other shape.
        if !leaf.as_str().is_some_and(|text| text.contains(TYPED)) {
            bodies.push(replaced(body, &pointer, json!(canary)));
        }
        if !leaf.is_number() {
            bodies.extend(number(canary).map(|number| replaced(body, &pointer, number)));
        }
    }
    if let Some(members) = body.as_object() {
        for (name, value) in [(canary, json!(1)), ("unknown", json!(canary))] {
            let mut longer = members.clone();
            longer.insert(name.to_owned(), value);
            bodies.push(Value::Object(longer));
        }
    }
    bodies
}

/// The canary as a credential of every kind, and in every header that the API reads.
fn headers(operation: &Operation, right: &Attempt, canary: &str) -> Vec<Attempt> {
    let kept = ["idempotency-key"];
    let described = operation.parameters.iter().filter(|parameter| parameter.place == "header");
    let described = described.filter(|one| !kept.contains(&one.name.to_lowercase().as_str()));
    let mut attempts: Vec<_> =
        described.map(|one| right.with_header(&one.name, &format!("\"{canary}\""))).collect();
    for (name, value) in [
        ("authorization", format!("Bearer {canary}")),
        ("authorization", format!("Bearer {canary}.{canary}.{canary}")),
        ("authorization", format!("Basic {canary}")),
        ("authorization", canary.to_owned()),
        ("cookie", format!("session={canary}; {canary}=1")),
        ("x-api-key", canary.to_owned()),
        ("x-forwarded-for", canary.to_owned()),
        ("origin", format!("https://{canary}.example")),
        ("referer", format!("https://app.example/?token={canary}")),
    ] {
        attempts.push(right.with_header(name, &value));
    }
    attempts
}

/// A canary of digits as a number.
fn number(canary: &str) -> Option<Value> {
    canary.parse::<u64>().ok().map(Value::from)
}
