//! Requests derived from an OpenAPI description, so that a new route is tested without being told.

use serde_json::{Map, Value, json};

/// One parameter of an operation.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// As on the wire.
    pub name: String,
    /// `path`, `query` or `header`.
    pub place: String,
    /// What it may be.
    pub schema: Value,
}

/// One method of one path.
#[derive(Clone, Debug)]
pub struct Operation {
    /// In capitals.
    pub method: String,
    /// With `{…}` where a parameter stands.
    pub path: String,
    /// Those of the path come first, as they are declared first.
    pub parameters: Vec<Parameter>,
    /// The schema of a JSON body, where it takes one.
    pub body: Option<Value>,
}

/// An OpenAPI description.
#[derive(Clone, Debug)]
pub struct Description(pub Value);

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "patch", "head", "options"];

impl Description {
    /// Every operation of every path.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        let paths = self.0["paths"].as_object().into_iter().flatten();
        let operations = paths.flat_map(|(path, item)| {
            METHODS.iter().filter_map(move |method| {
                let operation = item.get(*method)?;
                Some(Operation {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    parameters: parameters(operation),
                    body: body(operation),
                })
            })
        });
        operations.collect()
    }

    /// A value that the schema allows. `text` is asked, by the member's name, for whatever text is
    /// free; `null` stands where anything is allowed.
    #[must_use]
    pub fn example(&self, schema: &Value, name: &str, text: &dyn Fn(&str) -> String) -> Value {
        let schema = self.resolved(schema);
        if let Some(first) = schema["enum"].get(0) {
            return first.clone();
        }
        match kind(&schema) {
            "object" => self.object(&schema, text),
            "array" => json!([self.example(&schema["items"], name, text)]),
            "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
            "boolean" => json!(true),
            "string" => match schema["format"].as_str() {
                Some("date-time") => json!("2026-11-24T12:00:00Z"),
                Some("date") => json!("2026-11-24"),
                Some("uuid") => json!("6f2c1f6e-3a0d-4b77-9d0e-0c2f5c1c9a11"),
                Some("uri") => json!(format!("https://example.org/{}", text(name))),
                Some("email") => json!(format!("{}@example.org", text(name))),
                _ => json!(text(name)),
            },
            _ => Value::Null,
        }
    }

    fn object(&self, schema: &Value, text: &dyn Fn(&str) -> String) -> Value {
        let members = schema["properties"].as_object().into_iter().flatten();
        let filled = members.map(|(name, member)| (name.clone(), self.example(member, name, text)));
        Value::Object(filled.collect())
    }

    /// The schema with its reference followed, its parts merged and its alternatives decided.
    fn resolved(&self, schema: &Value) -> Value {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
            return self.resolved(&self.0["components"]["schemas"][name]);
        }
        for word in ["oneOf", "anyOf"] {
            let choices = schema[word].as_array().into_iter().flatten();
            let mut choices = choices.map(|choice| self.resolved(choice));
            if let Some(choice) = choices.find(|choice| !kind(choice).is_empty()) {
                return choice;
            }
        }
        let Some(parts) = schema["allOf"].as_array() else { return schema.clone() };
        let mut properties = Map::new();
        for part in parts {
            if let Some(members) = self.resolved(part)["properties"].as_object() {
                properties.extend(members.clone());
            }
        }
        json!({"type": "object", "properties": properties})
    }
}

/// The type of a schema, the first that is not `null`; empty where it has none.
fn kind(schema: &Value) -> &str {
    let types = schema["type"].as_array().map(Vec::as_slice);
    let types = types.unwrap_or_else(|| std::slice::from_ref(&schema["type"]));
    let named = types.iter().filter_map(Value::as_str).find(|name| *name != "null");
    named.unwrap_or(if schema.get("properties").is_some() { "object" } else { "" })
}

fn parameters(operation: &Value) -> Vec<Parameter> {
    let listed = operation["parameters"].as_array().into_iter().flatten();
    let parameter = |listed: &Value| {
        Some(Parameter {
            name: listed["name"].as_str()?.to_owned(),
            place: listed["in"].as_str()?.to_owned(),
            schema: listed["schema"].clone(),
        })
    };
    listed.filter_map(parameter).collect()
}

/// Also of media types that are JSON under another name, such as merge patches.
fn body(operation: &Value) -> Option<Value> {
    let mut offered = operation["requestBody"]["content"].as_object()?.iter();
    offered.find(|(media, _)| media.ends_with("json")).map(|(_, content)| content["schema"].clone())
}

/// The pointers (RFC 6901) of everything in a value that is neither object, array nor `null`.
#[must_use]
pub fn leaves(value: &Value) -> Vec<String> {
    let below = |key: String, inner: &Value| {
        leaves(inner).into_iter().map(move |rest| format!("/{key}{rest}")).collect::<Vec<_>>()
    };
    match value {
        Value::Object(members) => {
            let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
            members.iter().flat_map(|(key, inner)| below(escaped(key), inner)).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(at, inner)| below(at.to_string(), inner)).collect()
        }
        Value::Null => Vec::new(),
        _ => vec![String::new()],
    }
}

/// The value with another one in that place.
#[must_use]
pub fn replaced(value: &Value, pointer: &str, with: Value) -> Value {
    let mut value = value.clone();
    if let Some(place) = value.pointer_mut(pointer) {
        *place = with;
    }
    value
}
