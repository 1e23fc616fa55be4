//! The live API, read from its own OpenAPI description.

mod sample;

use evidence::Answer;
use foundation::http::describe;
use serde_json::Value;

/// One method of one path.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// Its name in the description, such as `create_todo`.
    pub(super) id: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) summary: String,
    pub(super) fields: Vec<Field>,
    /// An example of the body, for methods that take one.
    pub(super) body: Option<Body>,
    /// Whether it wants an access token.
    pub(super) guarded: bool,
}

/// A parameter of path, query or header.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    /// `path`, `query` or `header`.
    pub(super) place: String,
    pub(super) required: bool,
    pub(super) example: String,
}

#[derive(Debug)]
pub(super) struct Body {
    pub(super) media_type: String,
    pub(super) example: String,
}

impl Endpoint {
    /// Whether a browser can open it as it stands.
    pub(super) fn opens(&self) -> bool {
        let asks = self.fields.iter().any(|field| field.required);
        self.method == "GET" && !asks && !self.guarded
    }

    /// A line for a terminal. `host` is what the reader's browser used.
    pub(super) fn curl(&self, host: &str) -> String {
        let mut path = self.path.clone();
        let mut query = Vec::new();
        let mut headers = String::new();
        for field in &self.fields {
            let example = if field.example.is_empty() { "…" } else { &field.example };
            match field.place.as_str() {
                "path" => path = path.replace(&format!("{{{}}}", field.name), example),
                "query" if field.required => query.push(format!("{}={example}", field.name)),
                "header" if field.required => {
                    headers.push_str(&format!(" -H '{}: {example}'", field.name));
                }
                _ => {}
            }
        }
        if self.guarded {
            headers.push_str(" -H \"authorization: Bearer $TOKEN\"");
        }
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let method =
            if self.method == "GET" { String::new() } else { format!(" -X {}", self.method) };
        let body = self.body.as_ref().map_or_else(String::new, |body| {
            let one_line: String =
                body.example.lines().map(str::trim).collect::<Vec<_>>().join(" ");
            format!(" -H 'content-type: {}' -d '{one_line}'", body.media_type)
        });
        format!("curl -i{method} 'http://{host}{path}{query}'{headers}{body}")
    }
}

/// The endpoints that an answer mounts, without the operational ones every server has.
pub(super) fn of(answer: &Answer) -> Vec<Endpoint> {
    let Some(routes) = answer.routes else { return Vec::new() };
    let description = serde_json::to_value(describe(&[routes])).unwrap_or_default();
    let paths = description["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        let item = item.as_object().into_iter().flatten();
        item.map(move |(method, operation)| (path, method, operation))
    });
    operations
        .filter(|(_, _, operation)| !is_operational(operation))
        .map(|(path, method, operation)| endpoint(&description, path, method, operation))
        .collect()
}

fn is_operational(operation: &Value) -> bool {
    let tags = operation["tags"].as_array();
    tags.is_some_and(|tags| tags.iter().any(|tag| tag == "operations"))
}

fn endpoint(description: &Value, path: &str, method: &str, operation: &Value) -> Endpoint {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fields = operation["parameters"].as_array().into_iter().flatten().map(|parameter| Field {
        name: text(&parameter["name"]),
        place: text(&parameter["in"]),
        required: parameter["required"] == true,
        example: sample::parameter(parameter),
    });
    let content = operation["requestBody"]["content"].as_object();
    let body = content.and_then(|content| content.iter().next()).map(|(media_type, content)| {
        Body { media_type: media_type.clone(), example: sample::body(description, content) }
    });
    let guarded = operation["security"]
        .as_array()
        .is_some_and(|demands| demands.iter().any(|demand| demand.get("bearer").is_some()));
    Endpoint {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        fields: fields.collect(),
        body,
        guarded,
    }
}
