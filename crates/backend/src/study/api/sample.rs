//! Example values for what an endpoint takes, from the examples in its own description.

use serde_json::{Map, Value, json};

/// Schemas that refer to themselves end here.
const DEEPEST: usize = 6;

/// The example of a parameter as text; empty without one.
pub(super) fn parameter(parameter: &Value) -> String {
    let example = [&parameter["example"], &parameter["schema"]["example"]]
        .into_iter()
        .find(|example| !example.is_null());
    match example {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// An example of a body, as indented JSON.
pub(super) fn body(description: &Value, content: &Value) -> String {
    let example = match &content["example"] {
        Value::Null => sample(description, &content["schema"], 0),
        Value::String(text) => return text.clone(),
        example => example.clone(),
    };
    serde_json::to_string_pretty(&example).unwrap_or_default()
}

fn sample(root: &Value, schema: &Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    if let Some(example) = schema.get("example").or_else(|| schema["examples"].get(0)) {
        return example.clone();
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        return root.pointer(pointer).map_or(Value::Null, |found| sample(root, found, depth + 1));
    }
    for one_of in ["oneOf", "anyOf", "allOf"] {
        let choices = schema[one_of].as_array().into_iter().flatten();
        if let Some(choice) = choices.into_iter().find(|choice| choice["type"] != "null") {
            return sample(root, choice, depth + 1);
        }
    }
    by_type(root, schema, depth)
}

fn by_type(root: &Value, schema: &Value, depth: usize) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").and_then(Value::as_str),
        kind => kind.as_str(),
    };
    match kind {
        Some("string") => json!("text"),
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(false),
        Some("array") => json!([sample(root, &schema["items"], depth + 1)]),
        Some("object") => object(root, schema, depth),
        _ => Value::Null,
    }
}

fn object(root: &Value, schema: &Value, depth: usize) -> Value {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let sampled = |(name, one): (&String, &Value)| (name.clone(), sample(root, one, depth + 1));
    let given: Map<String, Value> =
        properties.clone().filter(|(_, one)| !may_be_left_out(one)).map(sampled).collect();
    if given.is_empty() {
        // A merge: everything may be left out, but a patch of nothing shows nothing.
        return Value::Object(properties.take(1).map(sampled).collect());
    }
    Value::Object(given)
}

/// Nothing is known of a member that may be null and has no example; leaving it out is always right.
fn may_be_left_out(schema: &Value) -> bool {
    let has_null = |kinds: &Value| {
        kinds
            .as_array()
            .is_some_and(|kinds| kinds.iter().any(|kind| kind == "null" || kind["type"] == "null"))
    };
    let has_example = schema.get("example").is_some() || schema.get("examples").is_some();
    !has_example && ["type", "oneOf", "anyOf"].iter().any(|key| has_null(&schema[*key]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_made_from_the_examples_of_its_members() {
        let root = json!({"components": {"schemas": {"Todo": {"type": "object", "properties": {
            "title": {"type": "string", "example": "tea"},
            "tags": {"type": "array", "items": {"type": ["string", "null"]}},
            "category": {"type": ["integer", "null"]},
            "self": {"$ref": "#/components/schemas/Todo"},
        }}}}});
        let content = json!({"schema": {"$ref": "#/components/schemas/Todo"}});
        let made: Value = serde_json::from_str(&body(&root, &content)).unwrap();
        assert_eq!((&made["title"], &made["tags"][0]), (&json!("tea"), &json!("text")));
        assert!(made.get("category").is_none(), "what may be null is left out");
    }

    #[test]
    fn a_parameter_shows_its_example() {
        assert_eq!(parameter(&json!({"example": 17})), "17");
        assert_eq!(parameter(&json!({"schema": {"example": "\"a\""}})), "\"a\"");
        assert_eq!(parameter(&json!({})), "");
    }
}
