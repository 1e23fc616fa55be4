//! A server with this answer alone, and people who use it.

#![allow(dead_code)] // Each test binary uses its own part.

use actix_web::http::Method;
use auth::testing::sign_up;
use foundation::testing::{Client, Reply, TestApp};
use serde_json::{Value, json};
use todo_api::MODULE;

pub(crate) const TODOS: &str = "/api/v1/todos";
pub(crate) const CATEGORIES: &str = "/api/v1/categories";

/// No limit but those that a test is about.
pub(crate) const FLAGS: [&str; 4] = ["--rate-limit", "0", "--user-rate-limit", "0"];

pub(crate) fn app() -> TestApp {
    TestApp::serving(&[&MODULE], &FLAGS)
}

/// A server and somebody signed in to it.
pub(crate) fn owner() -> (TestApp, Client) {
    let app = app();
    let client = sign_up(&app, "owner").client;
    (app, client)
}

/// Creates a to-do and returns its path.
pub(crate) async fn make(client: &Client, todo: Value) -> String {
    let reply = client.post(TODOS, &todo).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.header("location").to_owned()
}

/// Creates a category and returns its id.
pub(crate) async fn make_category(client: &Client, name: &str) -> i64 {
    let reply = client.post(CATEGORIES, &json!({"name": name})).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json()["id"].as_i64().unwrap()
}

/// A request with one header beside its JSON body.
pub(crate) async fn send(
    client: &Client,
    method: Method,
    path: &str,
    (name, value): (&str, &str),
    body: Option<Value>,
) -> Reply {
    let headers = [("content-type", "application/json"), (name, value)];
    client.send(method, path, &headers, body.map(|body| body.to_string().into_bytes())).await
}

pub(crate) async fn patch(client: &Client, path: &str, changes: Value) -> Reply {
    client.json(Method::PATCH, path, &changes).await
}

pub(crate) async fn delete(client: &Client, path: &str) -> Reply {
    client.send(Method::DELETE, path, &[], None).await
}

/// The titles of the list at a path.
pub(crate) async fn titles(client: &Client, path: &str) -> Vec<String> {
    let reply = client.get(path).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let list = reply.json();
    let title = |todo: &Value| todo["title"].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(title).collect()
}

/// Place and code of the first refused field of a problem.
pub(crate) fn refused(problem: &Value) -> (&str, &str) {
    let error = &problem["errors"][0];
    let place = error["pointer"].as_str().or(error["parameter"].as_str());
    (place.unwrap_or_default(), error["code"].as_str().unwrap_or_default())
}
