//! Changes to the contract on purpose: which of them does a gate stop?

use evidence::{Failure, Quantity, RungKind, Stage};
use serde_json::{Value, json};

use crate::contract::gate::breaking_changes;
use crate::contract::{V1, V2};

/// A change to the document of version 2, and whether it breaks a client.
struct Change {
    name: &'static str,
    breaks: bool,
    make: fn(&mut Value),
}

const LIST: &str = "/api/v2/posts";

const CHANGES: [Change; 23] = [
    breaks("a member of a response is gone", |all| gone(all, "BlogPostMembers", "title")),
    breaks("a member of a response is renamed", |all| {
        gone(all, "BlogPostMembers", "body");
        add(all, "BlogPostMembers", "content", true);
    }),
    breaks("a member of a response may be absent", |all| {
        optional(all, "BlogSummaryMembers", "url");
    }),
    breaks("a member of a response may be null", |all| {
        member(all, "BlogPostMembers", "title")["type"] = json!(["string", "null"]);
    }),
    breaks("a number of a response becomes a text", |all| {
        member(all, "BlogCommentMembers", "id")["type"] = json!("string");
    }),
    breaks("a request needs another member", |all| add(all, "NewPost", "format", true)),
    breaks("an optional member of a request is required", |all| required(all, "NewPost", "tags")),
    breaks("a member of a request is gone", |all| gone(all, "NewPost", "tags")),
    breaks("a request takes shorter texts only", |all| {
        member(all, "NewPost", "title")["maxLength"] = json!(100);
    }),
    breaks("a page holds less", |all| parameter(all, "limit")["schema"]["maximum"] = json!(50)),
    breaks("a parameter is gone", |all| {
        let others = parameters(all).as_array_mut();
        others.into_iter().for_each(|all| all.retain(|one| one["name"] != "tag"));
    }),
    breaks("a parameter is required", |all| parameter(all, "tag")["required"] = json!(true)),
    breaks("a header of a response is gone", |all| {
        let response = &mut all["paths"][LIST]["get"]["responses"]["200"];
        remove(&mut response["headers"], "link");
    }),
    breaks("a route is gone", |all| remove(&mut all["paths"]["/api/v2/posts/{slug}"], "delete")),
    breaks("a route that was open wants a token", |all| {
        all["paths"][LIST]["get"]["security"] = json!([{"bearer": []}]);
    }),
    breaks("a success has another status", |all| {
        let responses = &mut all["paths"][LIST]["post"]["responses"];
        responses["202"] = responses["201"].clone();
    }),
    passes("a route wants no token any more", |all| {
        all["paths"]["/api/v2/drafts"]["get"]["security"] = json!([{}, {"bearer": []}]);
    }),
    passes("an optional member is added to a request", |all| add(all, "NewPost", "format", false)),
    passes("a member is added to a response", |all| add(all, "BlogPostMembers", "words", true)),
    passes("a request takes longer texts as well", |all| {
        member(all, "NewPost", "title")["maxLength"] = json!(400);
    }),
    passes("an optional parameter is added", |all| {
        let added = json!({"name": "year", "in": "query", "schema": {"type": "integer"}});
        parameters(all).as_array_mut().into_iter().for_each(|all| all.push(added.clone()));
    }),
    passes("a route is added", |all| {
        all["paths"]["/api/v2/tags"] = all["paths"]["/api/v2/drafts"].clone();
    }),
    passes("a description is reworded", |all| {
        member(all, "BlogPostMembers", "title")["description"] = json!("The title.");
    }),
];

const fn breaks(name: &'static str, make: fn(&mut Value)) -> Change {
    Change { name, breaks: true, make }
}

const fn passes(name: &'static str, make: fn(&mut Value)) -> Change {
    Change { name, breaks: false, make }
}

/// Says whether a change is to be stopped.
type Judge = fn(&Value, &Value) -> bool;

/// Climbs the ladder; returns how many breaking changes the gate stops, which is all of them.
pub(super) fn climb(stage: &Stage) -> Result<u64, Failure> {
    let breaking = CHANGES.iter().filter(|change| change.breaks).count() as u64;
    let harmless = CHANGES.len() as u64 - breaking;
    stage.step(format!("{breaking} changes that break clients, and {harmless} that do not"));
    let ladder = stage.ladder(
        format!("{breaking} breaking changes of the contract, {harmless} harmless ones"),
        &["stopped", "let through", "false alarms"],
    );
    let rungs: [(_, _, Judge); 3] = [
        (RungKind::Wrong, "no gate", |_, _| false),
        (RungKind::Tempting, "any difference is stopped", |old, new| old != new),
        (RungKind::Right, "what breaks a client is stopped", |old, new| {
            !breaking_changes(old, new).is_empty()
        }),
    ];
    let old = V2.read()?;
    let mut seen = Vec::new();
    for (kind, name, stops) in rungs {
        let (stopped, alarms) = run(&old, stops)?;
        let cells = [stopped, breaking - stopped, alarms].map(|n| Quantity::count(n).into());
        ladder.rung(kind, name, cells.into());
        seen.push((stopped, alarms));
    }
    let [_, difference, gate] = seen.as_slice() else {
        return Err("the ladder has three rungs".into());
    };
    show(stage, &old)?;
    stage.measure("breaking", "breaking changes", Quantity::count(breaking));
    stage.measure("stopped", "stopped by the gate", Quantity::count(gate.0));
    stage.measure("harmless", "harmless changes", Quantity::count(harmless));
    stage.measure("alarms", "harmless changes stopped by the gate", Quantity::count(gate.1));
    let any = Quantity::count(difference.1);
    stage.measure("alarms-difference", "stopped when any difference is", any);
    stage.check(
        "any-difference-is-an-alarm-for-additions",
        format!("stopping any difference stops {} harmless changes as well", difference.1),
        *difference == (breaking, harmless),
    );
    stage.check(
        "the-gate-stops-what-breaks-clients",
        format!("the gate stops {} of {breaking} breaking changes", gate.0),
        gate.0 == breaking,
    );
    stage.check(
        "the-gate-lets-additions-through",
        format!("the gate stops {} of {harmless} harmless ones", gate.1),
        gate.1 == 0,
    );
    the_step_between_versions(stage, &old)?;
    Ok(gate.0)
}

/// Breaking changes that were stopped, and harmless ones that were.
fn run(old: &Value, stops: Judge) -> Result<(u64, u64), Failure> {
    let (mut stopped, mut alarms) = (0, 0);
    for change in &CHANGES {
        let new = made(change, old)?;
        let count = if change.breaks { &mut stopped } else { &mut alarms };
        *count += u64::from(stops(old, &new));
    }
    Ok((stopped, alarms))
}

/// A change that changed nothing would be let through by every gate.
fn made(change: &Change, old: &Value) -> Result<Value, Failure> {
    let mut new = old.clone();
    (change.make)(&mut new);
    if new == *old { Err(format!("no change was made: {}", change.name).into()) } else { Ok(new) }
}

fn show(stage: &Stage, old: &Value) -> Result<(), Failure> {
    let mut lines = Vec::new();
    for change in &CHANGES {
        let broken = breaking_changes(old, &made(change, old)?);
        let verdict = broken.first().map_or("passes", String::as_str);
        lines.push(format!("{}\n    {verdict}", change.name));
    }
    stage.code("What the gate says", lines.join("\n"));
    Ok(())
}

/// The gate on the very change that made a second version necessary.
fn the_step_between_versions(stage: &Stage, second: &Value) -> Result<(), Failure> {
    let first = V1.read()?.to_string();
    let first: Value = serde_json::from_str(&first.replace("/api/v1/", "/api/v2/"))?;
    let broken = breaking_changes(&first, second);
    let others = broken.iter().filter(|change| !change.contains(".author")).count();
    let example = broken.iter().find(|change| change.contains(".author"));
    stage.check(
        "version-2-in-place-of-version-1-is-stopped",
        format!(
            "the gate says: {}, and the like in {} places",
            example.map_or("nothing", String::as_str),
            broken.len()
        ),
        !broken.is_empty() && others <= broken.len() / 2,
    );
    Ok(())
}

fn schema<'a>(all: &'a mut Value, name: &str) -> &'a mut Value {
    &mut all["components"]["schemas"][name]
}

fn member<'a>(all: &'a mut Value, of: &str, name: &str) -> &'a mut Value {
    &mut schema(all, of)["properties"][name]
}

fn parameters(all: &mut Value) -> &mut Value {
    &mut all["paths"][LIST]["get"]["parameters"]
}

fn parameter<'a>(all: &'a mut Value, name: &str) -> &'a mut Value {
    let parameters = parameters(all);
    let mut names = parameters.as_array().into_iter().flatten();
    let place = names.position(|parameter| parameter["name"] == name);
    &mut parameters[place.unwrap_or_default()]
}

fn gone(all: &mut Value, of: &str, name: &str) {
    remove(&mut schema(all, of)["properties"], name);
    optional(all, of, name);
}

fn add(all: &mut Value, of: &str, name: &str, always: bool) {
    schema(all, of)["properties"][name] = json!({"type": "string"});
    if always {
        required(all, of, name);
    }
}

fn required(all: &mut Value, of: &str, name: &str) {
    if let Some(names) = schema(all, of)["required"].as_array_mut() {
        names.push(json!(name));
    }
}

fn optional(all: &mut Value, of: &str, name: &str) {
    if let Some(names) = schema(all, of)["required"].as_array_mut() {
        names.retain(|other| other != name);
    }
}

fn remove(from: &mut Value, name: &str) {
    if let Some(members) = from.as_object_mut() {
        members.remove(name);
    }
}
