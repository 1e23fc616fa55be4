//! Whether every value of one JSON schema is a value of another, for the part of JSON Schema that
//! our documents use; what it does not know and what differs is taken for a break.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Which way data flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// To the server: all that was accepted must still be.
    Request,
    /// To the client: nothing may come that was not announced.
    Response,
}

/// The two documents that references are looked up in.
#[derive(Clone, Copy)]
pub(super) struct Documents<'a> {
    pub(super) old: &'a Value,
    pub(super) new: &'a Value,
}

/// One comparison on its way through two schemas.
struct Comparison<'a> {
    documents: Documents<'a>,
    side: Side,
    /// Pairs of references that are being compared, or a schema that holds itself would not end.
    seen: BTreeSet<(String, String)>,
    broken: Vec<String>,
}

/// Keywords that narrow what is allowed as they grow, and as they shrink.
const LEAST: [&str; 3] = ["minimum", "minLength", "minItems"];
const MOST: [&str; 3] = ["maximum", "maxLength", "maxItems"];
/// Keywords that are compared by their meaning, and those that mean nothing to a client. Of any other
/// it is known only whether it is the same.
const UNDERSTOOD: [&str; 22] = [
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "default",
    "deprecated",
    "description",
    "enum",
    "example",
    "examples",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "oneOf",
    "properties",
    "required",
    "title",
    "type",
];

/// The schema that a reference names.
pub(super) fn name(reference: &Value) -> Option<&str> {
    reference.as_str()?.strip_prefix("#/components/schemas/")
}

impl<'a> Documents<'a> {
    /// A sentence for each place below `at` where the change breaks a client.
    pub(super) fn compare(self, at: &str, side: Side, old: &Value, new: &Value) -> Vec<String> {
        let (seen, broken) = (BTreeSet::new(), Vec::new());
        let mut comparison = Comparison { documents: self, side, seen, broken };
        comparison.schemas(at, old, new);
        comparison.broken
    }
}

impl Comparison<'_> {
    fn schemas(&mut self, at: &str, old: &Value, new: &Value) {
        if let (Some(one), Some(other)) = (name(&old["$ref"]), name(&new["$ref"]))
            && !self.seen.insert((one.to_owned(), other.to_owned()))
        {
            return;
        }
        let old = resolved(self.documents.old, old);
        let new = resolved(self.documents.new, new);
        match (alternatives(&old), alternatives(&new)) {
            (None, None) => self.plain(at, &old, &new),
            (ours, theirs) => {
                self.choices(at, &ours.unwrap_or(vec![old]), &theirs.unwrap_or(vec![new]));
            }
        }
    }

    /// Every alternative of the narrow side needs one on the wide side that takes it.
    fn choices(&mut self, at: &str, old: &[Value], new: &[Value]) {
        let (narrow, wide) = match self.side {
            Side::Request => (old, new),
            Side::Response => (new, old),
        };
        for one in narrow {
            let fits = wide.iter().any(|other| {
                let (old, new) = match self.side {
                    Side::Request => (one, other),
                    Side::Response => (other, one),
                };
                self.documents.compare(at, self.side, old, new).is_empty()
            });
            if !fits {
                self.broken.push(format!("{at} has other alternatives"));
            }
        }
    }

    fn plain(&mut self, at: &str, old: &Value, new: &Value) {
        self.members(at, old, new);
        if old.get("items").is_some() || new.get("items").is_some() {
            self.schemas(&format!("{at}[]"), &old["items"], &new["items"]);
        }
        // From here on it matters only which of the two has to be the wider.
        let (narrow, wide) = match self.side {
            Side::Request => (old, new),
            Side::Response => (new, old),
        };
        let narrowed = match self.side {
            Side::Request => "accepts less",
            Side::Response => "may be something else",
        };
        let rules = [takes_types, takes_values, takes_others, takes_unknown];
        if !rules.iter().all(|takes| takes(narrow, wide)) {
            self.broken.push(format!("{at} {narrowed}"));
        }
        for missing in required(wide).difference(&required(narrow)) {
            let word = match self.side {
                Side::Request => "is required",
                Side::Response => "may be absent",
            };
            self.broken.push(format!("{at}.{missing} {word}"));
        }
    }

    fn members(&mut self, at: &str, old: &Value, new: &Value) {
        let of = |schema: &Value| schema["properties"].as_object().cloned();
        let (before, after) = (of(old).unwrap_or_default(), of(new).unwrap_or_default());
        for (name, member) in &before {
            let at = format!("{at}.{name}");
            match after.get(name) {
                Some(next) => self.schemas(&at, member, next),
                None => self.broken.push(format!("{at} is gone")),
            }
        }
    }
}

/// The schema itself in place of a reference, with everything that it is composed of in one.
fn resolved(document: &Value, schema: &Value) -> Value {
    let named = name(&schema["$ref"]).map(|name| &document["components"]["schemas"][name]);
    let schema = named.unwrap_or(schema);
    let Some(parts) = schema["allOf"].as_array() else { return schema.clone() };
    let mut whole = schema.clone();
    let (mut properties, mut all_required) = (Map::new(), required(schema));
    for part in parts {
        let part = resolved(document, part);
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
        all_required.extend(required(&part));
        if let (Some(whole), Some(part)) = (whole.as_object_mut(), part.as_object()) {
            part.iter().for_each(|(key, value)| {
                whole.entry(key).or_insert_with(|| value.clone());
            });
        }
    }
    properties.extend(schema["properties"].as_object().cloned().unwrap_or_default());
    whole["properties"] = Value::Object(properties);
    whole["required"] = json!(all_required);
    whole
}

fn alternatives(schema: &Value) -> Option<Vec<Value>> {
    let found = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
    found.cloned()
}

/// No type at all is any type; every integer is a number.
fn takes_types(narrow: &Value, wide: &Value) -> bool {
    let Some(wide) = types(wide) else { return true };
    let Some(narrow) = types(narrow) else { return false };
    narrow.iter().all(|one| wide.contains(one) || (one == "integer" && wide.contains("number")))
}

fn types(schema: &Value) -> Option<BTreeSet<String>> {
    match &schema["type"] {
        Value::String(one) => Some(BTreeSet::from([one.clone()])),
        Value::Array(all) => {
            Some(all.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        _ => None,
    }
}

fn takes_values(narrow: &Value, wide: &Value) -> bool {
    let bound = |schema: &Value, keyword: &str| schema[keyword].as_f64();
    let least = |keyword: &&str| match (bound(narrow, keyword), bound(wide, keyword)) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(narrow), Some(wide)) => narrow >= wide,
    };
    let most = |keyword: &&str| match (bound(narrow, keyword), bound(wide, keyword)) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(narrow), Some(wide)) => narrow <= wide,
    };
    let listed = match (narrow["enum"].as_array(), wide["enum"].as_array()) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(narrow), Some(wide)) => narrow.iter().all(|value| wide.contains(value)),
    };
    listed && LEAST.iter().all(least) && MOST.iter().all(most)
}

/// Whether the wide side has no keyword of its own that the narrow one is not known to keep.
fn takes_unknown(narrow: &Value, wide: &Value) -> bool {
    let unknown = wide.as_object().into_iter().flatten();
    let mut unknown = unknown.filter(|(keyword, _)| !UNDERSTOOD.contains(&keyword.as_str()));
    unknown.all(|(keyword, value)| narrow.get(keyword) == Some(value))
}

/// Members that are not described: a schema that refuses them takes less than one that does not.
fn takes_others(narrow: &Value, wide: &Value) -> bool {
    let of = |schema: &Value| schema["additionalProperties"].clone();
    if of(narrow).is_object() || of(wide).is_object() {
        return of(narrow) == of(wide);
    }
    let is_closed = |schema: &Value| of(schema) == false;
    let names = |schema: &Value| -> BTreeSet<String> {
        schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect()
    };
    !is_closed(wide) || (is_closed(narrow) && names(narrow).is_subset(&names(wide)))
}

fn required(schema: &Value) -> BTreeSet<String> {
    let names = schema["required"].as_array().into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}
