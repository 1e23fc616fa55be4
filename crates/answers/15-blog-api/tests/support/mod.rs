//! A server with this answer alone, and people who use it.

#![allow(dead_code)] // Each test binary uses its own part.

use actix_web::http::Method;
use auth::testing::sign_up;
use blog_api::MODULE;
use foundation::testing::{Client, Reply, TestApp};
use serde_json::{Value, json};

pub(crate) const POSTS: &str = "/api/v2/posts";
pub(crate) const DRAFTS: &str = "/api/v2/drafts";

/// No limit but those that a test is about.
pub(crate) const FLAGS: [&str; 4] = ["--rate-limit", "0", "--user-rate-limit", "0"];

pub(crate) fn app() -> TestApp {
    TestApp::serving(&[&MODULE], &FLAGS)
}

/// A server and somebody signed in to it.
pub(crate) fn author() -> (TestApp, Client) {
    let app = app();
    let client = sign_up(&app, "author").client;
    (app, client)
}

/// A post that everybody may read.
pub(crate) fn post(title: &str) -> Value {
    json!({"title": title, "body": "Words.", "published": true})
}

/// Creates a post and returns its path.
pub(crate) async fn publish(client: &Client, post: &Value) -> String {
    let reply = client.post(POSTS, post).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.header("location").to_owned()
}

/// A request with one header beside its JSON body.
pub(crate) async fn send(
    client: &Client,
    method: Method,
    path: &str,
    (name, value): (&str, &str),
    body: Option<&Value>,
) -> Reply {
    let headers = [("content-type", "application/json"), (name, value)];
    client.send(method, path, &headers, body.map(|body| body.to_string().into_bytes())).await
}

pub(crate) async fn replace(client: &Client, path: &str, tag: &str, body: &Value) -> Reply {
    send(client, Method::PUT, path, ("if-match", tag), Some(body)).await
}

pub(crate) async fn delete(client: &Client, path: &str) -> Reply {
    client.send(Method::DELETE, path, &[], None).await
}

/// A member of each item of the list at a path.
pub(crate) async fn listed(client: &Client, path: &str, member: &str) -> Vec<String> {
    let reply = client.get(path).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let list = reply.json();
    let text = |item: &Value| item[member].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(text).collect()
}

/// Where the next page is.
pub(crate) fn next(reply: &Reply) -> Option<String> {
    let lines = reply.headers.get_all("link").filter_map(|line| line.to_str().ok());
    let next =
        lines.flat_map(|line| line.split(", ")).find(|link| link.ends_with("rel=\"next\""))?;
    Some(next.strip_prefix('<').unwrap().split_once('>').unwrap().0.to_owned())
}

/// Place and code of the first refused field of a problem.
pub(crate) fn refused(problem: &Value) -> (&str, &str) {
    let error = &problem["errors"][0];
    let place = error["pointer"].as_str().or(error["parameter"].as_str());
    (place.unwrap_or_default(), error["code"].as_str().unwrap_or_default())
}
