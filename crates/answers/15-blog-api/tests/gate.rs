//! The gate on small contracts: what breaks a client and what does not, one change at a time.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::fs;
use std::process::Command;

use blog_api::contract::gate::breaking_changes;
use blog_api::contract::{V1, V2};
use serde_json::{Value, json};

/// One route with a parameter, a request, a response, and the schemas that they name.
fn contract() -> Value {
    json!({
        "openapi": "3.1.0",
        "paths": {"/notes": {"post": {
            "parameters": [{"name": "dry", "in": "query", "schema": {"type": "boolean"}}],
            "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "$ref": "#/components/schemas/NewNote"}}}},
            "responses": {
                "201": {
                    "headers": {"location": {"schema": {"type": "string"}}},
                    "content": {"application/json": {"schema": {
                        "$ref": "#/components/schemas/Note"}}},
                },
                "422": {"description": "Invalid"},
            },
        }}},
        "components": {"schemas": {
            "NewNote": {
                "type": "object", "required": ["text"], "additionalProperties": false,
                "properties": {
                    "text": {"type": "string", "maxLength": 100},
                    "colour": {"type": ["string", "null"], "enum": ["red", "blue", null]},
                    "weight": {"type": "number", "minimum": 0},
                },
            },
            "Note": {"allOf": [
                {"type": "object", "properties": {"text": {"type": "string", "maxLength": 100}}},
                {"type": "object", "required": ["id", "author", "parent"], "properties": {
                    "id": {"type": "integer", "format": "int64"},
                    "author": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Author"}]},
                    "parent": {"$ref": "#/components/schemas/Note"},
                }},
            ]},
            "Author": {"type": "object", "required": ["name"],
                       "properties": {"name": {"type": "string"}}},
        }},
    })
}

/// The contract with a value put somewhere, or taken away where there is none.
fn changed(pointer: &str, value: Option<Value>) -> Value {
    let mut contract = contract();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = contract.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}"));
    match (parent, value) {
        (Value::Object(members), Some(value)) => drop(members.insert(name.to_owned(), value)),
        (Value::Object(members), None) => drop(members.remove(name).unwrap()),
        (Value::Array(items), Some(value)) => items.push(value),
        (other, _) => panic!("{other} at {pointer}"),
    }
    contract
}

const NEW: &str = "/components/schemas/NewNote";
const OWN: &str = "/components/schemas/Note/allOf/1";
const POST: &str = "/paths/~1notes/post";

#[track_caller]
fn breaks(at: &str, value: Option<Value>, says: &str) {
    let broken = breaking_changes(&contract(), &changed(at, value));
    assert!(broken.iter().any(|change| change.contains(says)), "{at}: {broken:?}");
}

#[track_caller]
fn passes(at: &str, value: Option<Value>) {
    assert_eq!(breaking_changes(&contract(), &changed(at, value)), [""; 0], "{at}");
}

#[test]
fn nothing_breaks_when_nothing_changes() {
    assert_eq!(breaking_changes(&contract(), &contract()), [""; 0]);
    assert_eq!(breaking_changes(&json!({}), &contract()), [""; 0], "a first contract");
    for contract in [&V1, &V2] {
        let committed = contract.read().unwrap();
        assert_eq!(breaking_changes(&committed, &committed), [""; 0]);
    }
}

#[test]
fn removing_a_field_fails() {
    breaks(&format!("{OWN}/properties/id"), None, "201.id is gone");
    breaks(&format!("{NEW}/properties/weight"), None, "request.weight is gone");
    breaks("/components/schemas/Note/allOf/0/properties/text", None, "201.text is gone");
    breaks("/components/schemas/Author/properties/name", None, "201.author");
}

#[test]
fn narrowing_a_type_fails() {
    breaks(
        &format!("{NEW}/properties/text/maxLength"),
        Some(json!(50)),
        "request.text accepts less",
    );
    breaks(&format!("{NEW}/properties/weight/type"), Some(json!("integer")), "request.weight");
    breaks(&format!("{NEW}/properties/colour/type"), Some(json!("string")), "request.colour");
    breaks(&format!("{NEW}/properties/colour/enum"), Some(json!(["red", null])), "request.colour");
    breaks(&format!("{NEW}/properties/text/pattern"), Some(json!("^a")), "request.text");
    breaks(
        &format!("{OWN}/properties/id/type"),
        Some(json!("string")),
        "201.id may be something else",
    );
}

#[test]
fn widening_what_comes_back_fails() {
    breaks(&format!("{OWN}/properties/id/type"), Some(json!(["integer", "null"])), "201.id");
    breaks(&format!("{OWN}/required"), Some(json!(["id", "parent"])), "201.author may be absent");
    let anybody = json!({"oneOf": [{"type": "null"}, {"type": "string"}]});
    breaks(&format!("{OWN}/properties/author"), Some(anybody), "201.author");
    let author = json!({"$ref": "#/components/schemas/Author"});
    passes(&format!("{OWN}/properties/author"), Some(author));
}

#[test]
fn adding_a_required_input_fails() {
    breaks(&format!("{NEW}/required/-"), Some(json!("weight")), "request.weight is required");
    let year = json!({"name": "year", "in": "query", "required": true, "schema": {}});
    breaks(&format!("{POST}/parameters/-"), Some(year), "parameter \"year\" is required");
    breaks(&format!("{NEW}/minProperties"), Some(json!(2)), "request");
}

#[test]
fn adding_something_optional_passes() {
    passes(&format!("{NEW}/properties/note"), Some(json!({"type": "string"})));
    passes(&format!("{OWN}/properties/words"), Some(json!({"type": "integer"})));
    let year = json!({"name": "year", "in": "query", "schema": {"type": "integer"}});
    passes(&format!("{POST}/parameters/-"), Some(year));
    passes("/paths/~1tags", Some(json!({"get": {"responses": {}}})));
    passes(&format!("{POST}/responses/409"), Some(json!({"description": "Conflict"})));
    passes(&format!("{POST}/requestBody/description"), Some(json!("A note.")));
    passes(&format!("{POST}/requestBody/required"), Some(json!(false)));
}

#[test]
fn taking_a_route_a_status_a_header_or_a_media_type_away_fails() {
    breaks("/paths/~1notes/post", None, "POST /notes is gone");
    breaks(&format!("{POST}/responses/201"), None, "201 is gone");
    breaks(&format!("{POST}/responses/201/headers/location"), None, "header location is gone");
    let xml = json!({"application/xml": {"schema": {}}});
    breaks(&format!("{POST}/responses/201/content"), Some(xml), "as application/json is gone");
    breaks(&format!("{POST}/parameters"), Some(json!([])), "parameter \"dry\" is gone");
}

/// The gate's word on a change of what a route asks for.
fn locked(old: Value, new: Value) -> Vec<String> {
    let at = format!("{POST}/security");
    breaking_changes(&changed(&at, Some(old)), &changed(&at, Some(new)))
}

#[test]
fn locking_somebody_out_fails_and_letting_somebody_in_passes() {
    let (nobody, token) = (json!({}), json!({"bearer": []}));
    let refuses = |who: &str| vec![format!("POST /notes refuses whoever brings {who}")];
    breaks(&format!("{POST}/security"), Some(json!([token])), "refuses whoever brings no token");
    passes(&format!("{POST}/security"), Some(json!([nobody, token])));
    assert_eq!(locked(json!([nobody, token]), json!([token])), refuses("no token"));
    assert_eq!(locked(json!([token]), json!([{"key": []}])), refuses("bearer"));
    assert_eq!(locked(json!([{"o": ["read"]}]), json!([{"o": ["read", "write"]}])), refuses("o"));
    assert_eq!(locked(json!([token]), json!([{"bearer": [], "key": []}])), refuses("bearer"));
    for wider in [json!([]), json!([nobody, token]), json!([{"key": []}, token])] {
        assert_eq!(locked(json!([token]), wider.clone()), [""; 0], "{wider}");
    }
    let mut everywhere = contract();
    everywhere["security"] = json!([token]);
    let broken = breaking_changes(&contract(), &everywhere);
    assert_eq!(broken, refuses("no token"), "the document asks where the route is silent");
}

#[test]
fn another_status_of_success_fails() {
    let accepted = json!({"description": "Later"});
    breaks(&format!("{POST}/responses/202"), Some(accepted), "POST /notes may answer 202");
}

#[test]
fn the_command_fails_on_a_breaking_change_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, contract: &Value| {
        let path = folder.path().join(name);
        fs::write(&path, contract.to_string()).unwrap();
        path
    };
    let old = file("old.json", &contract());
    let wider = changed(&format!("{NEW}/properties/note"), Some(json!({"type": "string"})));
    let narrower = changed(&format!("{NEW}/required/-"), Some(json!("weight")));
    let missing = folder.path().join("nothing.json");
    for (new, code, says) in [
        (file("wider.json", &wider), 0, ""),
        (
            file("narrower.json", &narrower),
            1,
            "breaks clients: POST /notes request.weight is required",
        ),
        (missing, 2, "nothing.json"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blog-api"));
        let ran = command.args(["contract", "check"]).args([&old, &new]).output().unwrap();
        assert_eq!(ran.status.code(), Some(code), "{}", new.display());
        let text = [ran.stdout, ran.stderr].concat();
        assert!(String::from_utf8(text).unwrap().contains(says), "{}", new.display());
    }
}
