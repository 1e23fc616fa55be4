//! Whether clients of one contract can live with the next.
//!
//! Own code, as the kept library for it (`drift`) reads OpenAPI 3.0, and these documents are 3.1,
//! where a type is a list; switch when it does.

use serde_json::{Map, Value};

use super::schema::{Documents, Side};

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A sentence for each change from `old` to `new` that breaks a client; empty where none does.
///
/// A request that `old` allowed must still be allowed, and a response may show nothing that `old`
/// did not announce: what a request accepts may only grow, what a response promises may not shrink.
#[must_use]
pub fn breaking_changes(old: &Value, new: &Value) -> Vec<String> {
    let mut gate = Gate { documents: Documents { old, new }, broken: Vec::new() };
    for (path, method, operation) in operations(old) {
        let at = format!("{} {path}", method.to_uppercase());
        match new["paths"][path].get(method) {
            Some(next) => gate.compare(&at, operation, next),
            None => gate.broken.push(format!("{at} is gone")),
        }
    }
    gate.broken
}

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    members(&document["paths"]).flat_map(|(path, item)| {
        let methods = METHODS.into_iter();
        methods.filter_map(move |method| Some((path.as_str(), method, item.get(method)?)))
    })
}

struct Gate<'a> {
    documents: Documents<'a>,
    broken: Vec<String>,
}

impl Gate<'_> {
    fn compare(&mut self, at: &str, old: &Value, new: &Value) {
        self.security(at, old, new);
        self.parameters(at, old, new);
        self.request(&format!("{at} request"), &old["requestBody"], &new["requestBody"]);
        for (status, response) in members(&old["responses"]) {
            // What a problem is about may change; that it is one does not.
            if status.starts_with('2') || status.starts_with('3') {
                let at = format!("{at} {status}");
                match new["responses"].get(status) {
                    Some(next) => self.response(&at, response, next),
                    None => self.broken.push(format!("{at} is gone")),
                }
            }
        }
        for (status, _) in members(&new["responses"]) {
            // Of further errors clients know the class; whoever waits for 201 takes 202 for none.
            if status.starts_with('2') && old["responses"].get(status).is_none() {
                self.broken.push(format!("{at} may answer {status}"));
            }
        }
    }

    /// Each way in must stay one: with the same token, or with nothing.
    fn security(&mut self, at: &str, old: &Value, new: &Value) {
        let needed = ways_in(new, self.documents.new);
        for way in ways_in(old, self.documents.old) {
            if !needed.iter().any(|needs| suffices(&way, needs)) {
                let brought: Vec<&str> = way.keys().map(String::as_str).collect();
                let brought =
                    if brought.is_empty() { "no token".into() } else { brought.join(", ") };
                self.broken.push(format!("{at} refuses whoever brings {brought}"));
            }
        }
    }

    fn parameters(&mut self, at: &str, old: &Value, new: &Value) {
        for parameter in items(&new["parameters"]) {
            let at = format!("{at} parameter {}", parameter["name"]);
            let before = same_parameter(&old["parameters"], parameter);
            let was_required = before.is_some_and(is_required);
            if is_required(parameter) && !was_required {
                self.broken.push(format!("{at} is required"));
            }
            if let Some(before) = before {
                self.schemas(&at, Side::Request, &before["schema"], &parameter["schema"]);
            }
        }
        for parameter in items(&old["parameters"]) {
            if same_parameter(&new["parameters"], parameter).is_none() {
                self.broken.push(format!("{at} parameter {} is gone", parameter["name"]));
            }
        }
    }

    fn request(&mut self, at: &str, old: &Value, new: &Value) {
        if is_required(new) && !is_required(old) {
            self.broken.push(format!("{at} is required"));
        }
        self.content(at, Side::Request, old, new);
    }

    fn response(&mut self, at: &str, old: &Value, new: &Value) {
        for (name, _) in members(&old["headers"]) {
            if new["headers"].get(name).is_none() {
                self.broken.push(format!("{at} header {name} is gone"));
            }
        }
        self.content(at, Side::Response, old, new);
    }

    fn content(&mut self, at: &str, side: Side, old: &Value, new: &Value) {
        for (media_type, content) in members(&old["content"]) {
            match new["content"].get(media_type) {
                Some(next) => self.schemas(at, side, &content["schema"], &next["schema"]),
                None => self.broken.push(format!("{at} as {media_type} is gone")),
            }
        }
    }

    fn schemas(&mut self, at: &str, side: Side, old: &Value, new: &Value) {
        self.broken.extend(self.documents.compare(at, side, old, new));
    }
}

/// What a request has to bring along, each of these enough by itself: schemes and their scopes
/// (OpenAPI 3.1, section 4.8.30). An empty one is nothing.
fn ways_in(operation: &Value, document: &Value) -> Vec<Map<String, Value>> {
    let asked = operation.get("security").or_else(|| document.get("security"));
    let ways = asked.into_iter().flat_map(items).filter_map(Value::as_object);
    let ways: Vec<_> = ways.cloned().collect();
    if ways.is_empty() { vec![Map::new()] } else { ways }
}

fn suffices(brought: &Map<String, Value>, needed: &Map<String, Value>) -> bool {
    needed.iter().all(|(scheme, scopes)| {
        let has = |had: &Value| items(scopes).all(|scope| items(had).any(|one| one == scope));
        brought.get(scheme).is_some_and(has)
    })
}

fn same_parameter<'a>(all: &'a Value, one: &Value) -> Option<&'a Value> {
    items(all).find(|other| other["name"] == one["name"] && other["in"] == one["in"])
}

fn is_required(value: &Value) -> bool {
    value["required"] == true
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}
