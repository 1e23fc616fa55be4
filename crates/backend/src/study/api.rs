//! The live API of an answer, read from its own OpenAPI description.

use evidence::Answer;
use foundation::http::describe;
use maud::{Markup, html};
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::{RefOr, Required};

/// One method of one path.
#[derive(Debug)]
pub(super) struct Endpoint {
    method: &'static str,
    path: String,
    summary: String,
    /// Names of the query parameters that must be there.
    required: Vec<String>,
    /// An example body, or an empty object, for methods that take one.
    body: Option<String>,
}

impl Endpoint {
    /// Whether a browser can open it as it stands.
    fn opens(&self) -> bool {
        self.method == "GET" && self.required.is_empty() && !self.path.contains('{')
    }

    fn curl(&self, host: &str) -> String {
        let query: Vec<String> = self.required.iter().map(|name| format!("{name}=…")).collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let url = format!("http://{host}{}{query}", self.path);
        match &self.body {
            Some(body) => format!(
                "curl -i -X {} '{url}' -H 'content-type: application/json' -d '{body}'",
                self.method
            ),
            None if self.method == "GET" => format!("curl -i '{url}'"),
            None => format!("curl -i -X {} '{url}'", self.method),
        }
    }
}

/// The endpoints that an answer mounts, without the operational ones every server has.
pub(super) fn endpoints(answer: &Answer) -> Vec<Endpoint> {
    let Some(routes) = answer.routes else { return Vec::new() };
    let description = describe(&[routes]);
    let paths = description.paths.paths.iter();
    paths.flat_map(|(path, item)| operations(path, item)).collect()
}

fn operations(path: &str, item: &PathItem) -> Vec<Endpoint> {
    let operations = [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    operations
        .into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
        .filter(|(_, operation)| !is_operational(operation))
        .map(|(method, operation)| endpoint(method, path, operation))
        .collect()
}

fn is_operational(operation: &Operation) -> bool {
    operation.tags.iter().flatten().any(|tag| tag == "operations")
}

fn endpoint(method: &'static str, path: &str, operation: &Operation) -> Endpoint {
    let parameters = operation.parameters.iter().flatten();
    let required = parameters.filter_map(|parameter| match parameter {
        RefOr::T(Parameter {
            name,
            parameter_in: ParameterIn::Query,
            required: Required::True,
            ..
        }) => Some(name.clone()),
        _ => None,
    });
    let summary = operation.summary.clone().or_else(|| operation.description.clone());
    Endpoint {
        method,
        path: path.to_owned(),
        summary: summary.unwrap_or_default(),
        required: required.collect(),
        body: operation.request_body.is_some().then(|| example(operation)),
    }
}

/// The example that the route documents for its body, or a hint where to look.
fn example(operation: &Operation) -> String {
    let content = match &operation.request_body {
        Some(RefOr::T(body)) => body.content.values().next(),
        _ => None,
    };
    let example = content.and_then(|content| match content {
        RefOr::T(content) => content.example.as_ref().map(ToString::to_string),
        RefOr::Ref(_) => None,
    });
    example.unwrap_or_else(|| "{ … }".to_owned())
}

/// The endpoints with a line to paste into a terminal. `host` is what the reader's browser used.
pub(super) fn panel(endpoints: &[Endpoint], host: &str) -> Markup {
    html! {
        ul.endpoints {
            @for one in endpoints {
                li {
                    p.endpoint {
                        span class={ "method " (one.method.to_lowercase()) } { (one.method) }
                        code { (one.path) }
                        @if one.opens() { a.open href=(one.path) { "open" span.hidden { " " (one.path) } } }
                    }
                    @if !one.summary.is_empty() { p.summary { (one.summary) } }
                    pre.code.copy tabindex="0" { code { (one.curl(host)) } }
                }
            }
        }
        p { a href="/docs/" { "Try them in the API documentation" } }
    }
}
