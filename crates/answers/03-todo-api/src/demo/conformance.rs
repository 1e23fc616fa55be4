//! The contract of Todo-Backend, in our words: does a client work that knows nothing of us?

use std::sync::Arc;

use actix_web::http::Method;
use evidence::{Outcome, Quantity, Stage};
use foundation::scratch::Scratch;
use foundation::testing::{Client, TestApp};
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::{TODOS, UNLIMITED, block_on, body, serve, somebody};
use crate::tempting::EMPTY;

/// Where the client's page comes from.
const ORIGIN: &str = "https://todo-client.example";

/// One rule, and a way to find out whether a server keeps it.
struct Rule(&'static str, for<'a> fn(&'a Client) -> LocalBoxFuture<'a, bool>);

/// Puts every rule to an empty server and to ours.
pub(super) fn run(stage: &Stage, scratch: &Arc<Scratch>) -> Outcome {
    stage.step(format!("The {} rules of Todo-Backend, put to two servers over HTTP", RULES.len()));
    let flags = [&UNLIMITED[..], &["--cors-origins", ORIGIN]].concat();
    let empty = kept(&TestApp::serving_on(scratch, &[&EMPTY], &flags));
    let ours = kept(&serve(scratch, None, &flags));
    let mark = |kept: bool| if kept { "✓" } else { "✕" };
    let lines: Vec<String> = RULES
        .iter()
        .zip(empty.iter().zip(&ours))
        .map(|(Rule(name, _), (empty, ours))| {
            format!("{name:<62} {}  {}", mark(*empty), mark(*ours))
        })
        .collect();
    stage.code("Each rule: a server that says [] to everything, and this one", lines.join("\n"));
    let all = RULES.len() as u64;
    let [empty, ours] = [empty, ours].map(|kept| kept.iter().filter(|kept| **kept).count() as u64);
    stage.measure("rules", "rules of the contract", Quantity::count(all));
    stage.measure("rules-empty", "rules that an empty server keeps", Quantity::count(empty));
    stage.measure("rules-ours", "rules that this server keeps", Quantity::count(ours));
    stage.check(
        "todo-backend-clients-work",
        format!("this server keeps {ours} of {all} rules"),
        ours == all,
    );
    stage.check(
        "an-empty-server-fails-the-contract",
        format!("a server that says [] to everything keeps {empty}, so the rules can fail"),
        empty < all / 2,
    );
    Ok(())
}

fn kept(app: &TestApp) -> Vec<bool> {
    let client = somebody(app, "todo-backend").client;
    block_on(async {
        let mut kept = Vec::with_capacity(RULES.len());
        for Rule(_, keeps) in RULES {
            clear(&client).await;
            kept.push(keeps(&client).await);
        }
        kept
    })
}

const RULES: [Rule; 17] = [
    Rule("the root answers a GET", |client| {
        Box::pin(async move { client.get(TODOS).await.status.is_success() })
    }),
    Rule("the root answers a POST with the to-do that was posted", |client| {
        Box::pin(
            async move { post(client, json!({"title": "a to-do"})).await["title"] == "a to-do" },
        )
    }),
    Rule("the root answers a DELETE", |client| Box::pin(clear(client))),
    Rule("after a DELETE the root is an empty array", |client| {
        Box::pin(async move {
            post(client, json!({"title": "a to-do"})).await;
            all(client).await.len() == 1 && clear(client).await && all(client).await.is_empty()
        })
    }),
    Rule("a posted to-do is in the list", |client| {
        Box::pin(async move {
            post(client, json!({"title": "walk the dog"})).await;
            matches!(&all(client).await[..], [todo] if todo["title"] == "walk the dog")
        })
    }),
    Rule("a new to-do is not completed", |client| {
        Box::pin(posted_and_listed(client, |todo| todo["completed"] == false))
    }),
    Rule("a new to-do has a url", |client| {
        Box::pin(posted_and_listed(client, |todo| todo["url"].is_string()))
    }),
    Rule("the url leads to the to-do", |client| {
        Box::pin(async move {
            let todo = post(client, json!({"title": "my to-do"})).await;
            get(client, &todo).await["title"] == "my to-do"
        })
    }),
    Rule("the list leads to each to-do", |client| {
        Box::pin(async move {
            post(client, json!({"title": "the first"})).await;
            post(client, json!({"title": "the second"})).await;
            let list = all(client).await;
            list.len() == 2 && get(client, &list[0]).await["title"].is_string()
        })
    }),
    Rule("a PATCH changes the title", |client| {
        Box::pin(patched(client, json!({"title": "bathe the cat"})))
    }),
    Rule("a PATCH changes whether it is completed", |client| {
        Box::pin(patched(client, json!({"completed": true})))
    }),
    Rule("changes show in the to-do and in the list", |client| {
        Box::pin(async move {
            let changes = json!({"title": "changed", "completed": true});
            let todo = post(client, json!({"title": "as it was"})).await;
            patch(client, &todo, &changes).await;
            let list = all(client).await;
            has(&get(client, &todo).await, &changes)
                && matches!(&list[..], [todo] if has(todo, &changes))
        })
    }),
    Rule("a DELETE of its url takes a to-do off the list", |client| {
        Box::pin(async move {
            let todo = post(client, json!({"title": "done with"})).await;
            let Some(path) = path(&todo) else { return false };
            let deleted = client.send(Method::DELETE, &path, &[], None).await;
            deleted.status.is_success() && all(client).await.is_empty()
        })
    }),
    Rule("a to-do can be posted with an order", |client| {
        Box::pin(async move {
            post(client, json!({"title": "blah", "order": 523})).await["order"] == 523
        })
    }),
    Rule("a PATCH changes the order", |client| Box::pin(patched(client, json!({"order": 95})))),
    Rule("the order is remembered", |client| {
        Box::pin(async move {
            let todo = post(client, json!({"title": "blah", "order": 10})).await;
            patch(client, &todo, &json!({"order": 95})).await;
            get(client, &todo).await["order"] == 95
        })
    }),
    Rule("a browser may do all this from another origin", |client| Box::pin(preflights(client))),
];

async fn clear(client: &Client) -> bool {
    client.send(Method::DELETE, TODOS, &[], None).await.status.is_success()
}

async fn post(client: &Client, todo: Value) -> Value {
    body(&client.post(TODOS, &todo).await)
}

async fn all(client: &Client) -> Vec<Value> {
    body(&client.get(TODOS).await).as_array().cloned().unwrap_or_default()
}

/// The path of a to-do's absolute `url`, as the client of the demo knows the server already.
fn path(todo: &Value) -> Option<String> {
    let (_, rest) = todo["url"].as_str()?.split_once("://")?;
    rest.find('/').map(|slash| rest[slash..].to_owned())
}

async fn get(client: &Client, todo: &Value) -> Value {
    match path(todo) {
        Some(path) => body(&client.get(&path).await),
        None => Value::Null,
    }
}

async fn patch(client: &Client, todo: &Value, changes: &Value) -> Value {
    match path(todo) {
        Some(path) => body(&client.json(Method::PATCH, &path, changes).await),
        None => Value::Null,
    }
}

/// Whether all these members have these values.
fn has(todo: &Value, members: &Value) -> bool {
    let members = members.as_object().into_iter().flatten();
    todo.is_object() && members.fold(true, |all, (name, value)| all && todo[name] == *value)
}

async fn patched(client: &Client, changes: Value) -> bool {
    let todo = post(client, json!({"title": "as it was"})).await;
    has(&patch(client, &todo, &changes).await, &changes)
}

async fn posted_and_listed(client: &Client, is_right: fn(&Value) -> bool) -> bool {
    let posted = post(client, json!({"title": "blah"})).await;
    is_right(&posted) && matches!(&all(client).await[..], [todo] if is_right(todo))
}

/// What a browser asks before it sends a method or a header that a form could not.
async fn preflights(client: &Client) -> bool {
    let mut allowed = true;
    for method in ["POST", "PATCH", "PUT", "DELETE"] {
        let headers = [
            ("origin", ORIGIN),
            ("access-control-request-method", method),
            ("access-control-request-headers", "authorization,content-type,if-match"),
        ];
        let reply = client.send(Method::OPTIONS, TODOS, &headers, None).await;
        let lists = |header, what: &str| {
            reply.header(header).split(',').any(|one| one.trim().eq_ignore_ascii_case(what))
        };
        allowed &= reply.status.is_success()
            && reply.header("access-control-allow-origin") == ORIGIN
            && lists("access-control-allow-methods", method)
            && lists("access-control-allow-headers", "authorization");
    }
    allowed
}
