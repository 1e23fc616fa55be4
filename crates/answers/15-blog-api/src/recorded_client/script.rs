//! What is asked when the client is recorded.

use serde_json::{Value, json};

use super::Request;

/// What the client does: everything that version 1 can, and what people get wrong.
pub(super) fn script() -> Vec<Request> {
    let post = |title: &str, published: bool| {
        Some(json!({"title": title, "body": "As it was.", "tags": ["recorded"],
                    "published": published}))
    };
    let (posts, first) = ("/api/v1/posts", "/api/v1/posts/first-post");
    let comments = "/api/v1/posts/first-post/comments";
    let key = [("idempotency-key", "\"once\"")];
    vec![
        request("author", "POST", posts, &key, post("First post", false)),
        request("author", "POST", posts, &key, post("First post", false)),
        request("", "GET", first, &[], None),
        request("author", "GET", first, &[], None),
        request("author", "GET", "/api/v1/drafts", &[], None),
        request("author", "PUT", first, &[], post("First post", true)),
        request("author", "PUT", first, &[("if-match", "{etag}")], post("First post", true)),
        request("author", "PUT", first, &[("if-match", "{before}")], post("Too late", true)),
        request("reader", "PUT", first, &[("if-match", "*")], post("Not mine", true)),
        request("", "GET", first, &[], None),
        request("", "GET", first, &[("if-none-match", "{etag}")], None),
        request("author", "POST", posts, &[], post("Second post", true)),
        request("", "GET", "/api/v1/posts?tag=recorded&limit=1", &[], None),
        request("", "GET", "{next}", &[], None),
        request("author", "POST", posts, &[], Some(json!({"title": "", "body": "b"}))),
        request("", "POST", posts, &[], post("Nobody's", true)),
        request("reader", "POST", comments, &[], Some(json!({"body": "Well said."}))),
        request("", "GET", comments, &[], None),
        request("reader", "DELETE", "/api/v1/posts/first-post/comments/{id}", &[], None),
        request("author", "DELETE", first, &[("if-match", "{before}")], None),
        request("", "GET", first, &[], None),
        request("author", "DELETE", "/api/v1/posts/second-post", &[], None),
    ]
}

fn request(
    role: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> Request {
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    Request {
        role: (!role.is_empty()).then(|| role.to_owned()),
        method: method.to_owned(),
        path: path.to_owned(),
        headers: headers.iter().map(owned).collect(),
        body,
    }
}
