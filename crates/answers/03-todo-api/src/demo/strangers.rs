//! A stranger tries every route on somebody else's to-dos and categories.
//!
//! Two questions: does it get anything, and can it tell what is there? The second is put by asking
//! the same for an id that nobody has: any difference in the answer tells.

use std::sync::Arc;

use actix_web::http::Method;
use evidence::{Failure, Quantity, RungKind, Stage};
use foundation::module::Module;
use foundation::scratch::Scratch;
use foundation::testing::{Client, Reply};
use serde_json::{Value, json};

use super::{CATEGORIES, TODOS, UNLIMITED, block_on, body, expect, make, serve, somebody};
use crate::tempting::{BY_ID_ALONE, FORBIDDING};

/// An id far beyond all that were made.
const NOBODYS: &str = "4000000000";

/// One request of a stranger. `{todo}` and `{category}` stand for ids.
struct Attempt(Method, &'static str, Option<Value>);

struct Seen {
    /// Attempts that read or changed something of the owner.
    through: u64,
    /// Attempts whose answer differs from the one for an id that nobody has.
    telling: u64,
}

fn attempts() -> Vec<Attempt> {
    let title = || Some(json!({"title": "mine now"}));
    let inside = || Some(json!({"title": "inside", "category_id": "{category}"}));
    let name = || Some(json!({"name": "mine now"}));
    let todo = "/api/v1/todos/{todo}";
    let category = "/api/v1/categories/{category}";
    vec![
        Attempt(Method::GET, TODOS, None),
        Attempt(Method::GET, "/api/v1/todos?category={category}", None),
        Attempt(Method::GET, todo, None),
        Attempt(Method::GET, CATEGORIES, None),
        Attempt(Method::GET, category, None),
        Attempt(Method::POST, TODOS, inside()),
        Attempt(Method::PUT, todo, title()),
        Attempt(Method::PUT, category, name()),
        Attempt(Method::PATCH, todo, title()),
        Attempt(Method::PATCH, category, name()),
        Attempt(Method::DELETE, todo, None),
        Attempt(Method::DELETE, category, None),
        Attempt(Method::DELETE, "/api/v1/todos?category={category}", None),
        Attempt(Method::DELETE, TODOS, None),
    ]
}

/// Climbs the ladder. Returns how many attempts got through where rows are found by id alone.
pub(super) fn climb(stage: &Stage, scratch: &Arc<Scratch>) -> Result<u64, Failure> {
    let all = attempts().len() as u64;
    stage.step(format!("{all} requests of a stranger, every route among them"));
    let ladder = stage.ladder(
        format!("{all} requests for what belongs to somebody else"),
        &["got through", "told that it exists"],
    );
    let mut seen = Vec::new();
    for (kind, name, in_front) in [
        (RungKind::Wrong, "by id alone", Some(&BY_ID_ALONE)),
        (RungKind::Tempting, "found, compared, 403", Some(&FORBIDDING)),
        (RungKind::Right, "owner in the statement", None),
    ] {
        stage.go_on()?;
        let one = trespass(scratch, in_front)?;
        let counts = [one.through, one.telling].map(Quantity::count);
        ladder.rung(kind, name, counts.map(Into::into).into());
        seen.push(one);
    }
    let [alone, forbidding, scoped] = seen.as_slice() else {
        return Err("the ladder has three rungs".into());
    };
    judge(stage, all, [alone, forbidding, scoped]);
    Ok(alone.through)
}

fn judge(stage: &Stage, all: u64, [alone, forbidding, scoped]: [&Seen; 3]) {
    stage.measure("attempts", "requests of a stranger", Quantity::count(all));
    stage.measure("through-alone", "got through by id alone", Quantity::count(alone.through));
    stage.measure("told-403", "told by 403 what exists", Quantity::count(forbidding.telling));
    stage.measure("through-scoped", "got through", Quantity::count(scoped.through));
    stage.check(
        "by-id-alone-lets-strangers-in",
        format!("found by id alone, {} of {all} requests get through", alone.through),
        alone.through > 0,
    );
    stage.check(
        "403-tells-what-exists",
        format!(
            "compared afterwards, {} get through and {} are told that the to-do exists",
            forbidding.through, forbidding.telling
        ),
        forbidding.through == 0 && forbidding.telling > 0,
    );
    stage.check(
        "no-stranger-gets-through",
        format!("with the owner in the statement {} of {all} get through", scoped.through),
        scoped.through == 0,
    );
    stage.check(
        "somebody-elses-id-answers-as-a-missing-one",
        format!("{} of {all} answers differ from those for an id that nobody has", scoped.telling),
        scoped.telling == 0,
    );
}

/// Every attempt on a fresh to-do in a fresh category, and the same for ids that nobody has.
fn trespass(scratch: &Arc<Scratch>, in_front: Option<&Module>) -> Result<Seen, Failure> {
    let app = serve(scratch, in_front, &UNLIMITED);
    let owner = somebody(&app, "owner").client;
    let stranger = somebody(&app, "stranger").client;
    block_on(async {
        let mut seen = Seen { through: 0, telling: 0 };
        for attempt in attempts() {
            let (todo, category) = own(&owner).await?;
            let before = everything(&owner).await;
            let reply = ask(&stranger, &attempt, [&todo, &category]).await;
            let missing = ask(&stranger, &attempt, [NOBODYS, NOBODYS]).await;
            let showed = reply.text.contains("secret");
            seen.through += u64::from(showed || everything(&owner).await != before);
            seen.telling += u64::from(told(&reply) != told(&missing));
        }
        Ok(seen)
    })
}

/// A to-do in a category, with the word `secret` in whatever is read of them. Returns their ids.
async fn own(owner: &Client) -> Result<(String, String), Failure> {
    for collection in [TODOS, CATEGORIES] {
        for one in body(&owner.get(collection).await).as_array().into_iter().flatten() {
            let path = format!("{collection}/{}", one["id"]);
            expect(&owner.send(Method::DELETE, &path, &[], None).await, 204)?;
        }
    }
    let category = owner.post(CATEGORIES, &json!({"name": "secret"})).await;
    expect(&category, 201)?;
    let category = body(&category)["id"].clone();
    let todo = make(owner, "secret").await?;
    let put = json!({"category_id": category});
    expect(&owner.json(Method::PATCH, &todo, &put).await, 200)?;
    let id = todo.rsplit('/').next().unwrap_or_default().to_owned();
    Ok((id, category.to_string()))
}

/// What the owner has, as the owner sees it.
async fn everything(owner: &Client) -> [String; 2] {
    // Not the cached page: a variant that bypasses the routes bypasses the forgetting as well.
    let todos = owner.get("/api/v1/todos?limit=99").await.text;
    [todos, owner.get(CATEGORIES).await.text]
}

async fn ask(stranger: &Client, attempt: &Attempt, [todo, category]: [&str; 2]) -> Reply {
    let Attempt(method, path, body) = attempt;
    let path = path.replace("{todo}", todo).replace("{category}", category);
    let body =
        body.as_ref().map(|body| body.to_string().replace("\"{category}\"", category).into_bytes());
    let mut headers = vec![("content-type", "application/json")];
    if method == Method::PUT {
        headers.push(("if-match", "*"));
    }
    stranger.send(method.clone(), &path, &headers, body).await
}

/// All that an answer tells, but for what names the request itself.
fn told(reply: &Reply) -> (u16, Vec<String>, Value) {
    let own = ["content-length", "date", "x-request-id"];
    let headers = reply.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
    let mut headers: Vec<String> =
        headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    headers.sort();
    let mut body = body(reply);
    if let Some(members) = body.as_object_mut() {
        members.remove("instance");
        members.remove("request_id");
    }
    (reply.status.as_u16(), headers, body)
}
