//! The demo: the API checked against a contract it did not write, raced, trespassed on and limited.
//!
//! Read `conformance.rs` (do existing clients work), `edits.rs` (whose edit is lost), `strangers.rs`
//! (who gets at whose to-dos), `stale.rs` (what a cache shows), `limits.rs`, then `price.rs`.

mod conformance;
mod edits;
mod limits;
mod price;
mod row_lock;
mod stale;
mod strangers;

use std::sync::Arc;

use actix_web::rt::System;
use auth::testing::{SignedIn, sign_up};
use evidence::{Failure, Needs, Outcome, Scale, Stage, Story};
use foundation::module::Module;
use foundation::scratch::Scratch;
use foundation::testing::{Client, Reply, TestApp};
use serde_json::{Value, json};

use crate::MODULE;
use edits::Edits;
pub(crate) use edits::NO_IF_MATCH;

const TODOS: &str = "/api/v1/todos";
const CATEGORIES: &str = "/api/v1/categories";

pub(crate) fn needs(_: Scale) -> Needs {
    Needs { rows: 1_000, disk_bytes: 20_000_000, memory_bytes: 40_000_000 }
}

pub(crate) fn perform(stage: &Stage) -> Outcome {
    let (scratch, _guard) = Scratch::for_demo(stage)?;
    let scratch = Arc::new(scratch);
    conformance::run(stage, &scratch)?;
    stage.go_on()?;
    let edits = edits::climb(stage, &scratch)?;
    stage.go_on()?;
    let trespasses = strangers::climb(stage, &scratch)?;
    stage.go_on()?;
    stale::climb(stage, &scratch)?;
    stage.go_on()?;
    limits::reach(stage, &scratch)?;
    stage.go_on()?;
    price::weigh(stage, &scratch)?;
    stage.story(story(&edits, trespasses));
    Ok(())
}

/// Flags of a server without limits: what is shown is not about them.
const UNLIMITED: [&str; 4] = ["--rate-limit", "0", "--user-rate-limit", "0"];

/// A whole server of this answer on the demo's database, with some routes replaced.
fn serve(scratch: &Arc<Scratch>, in_front: Option<&Module>, flags: &[&str]) -> TestApp {
    let modules: Vec<&Module> = in_front.into_iter().chain([&MODULE]).collect();
    TestApp::serving_on(scratch, &modules, flags)
}

/// Somebody new: every part of the demo begins with an empty list.
fn somebody(app: &TestApp, role: &str) -> SignedIn {
    sign_up(app, role)
}

/// Makes a to-do and returns its path.
async fn make(client: &Client, title: &str) -> Result<String, Failure> {
    let reply = client.post(TODOS, &json!({"title": title, "order": 0})).await;
    expect(&reply, 201)?;
    Ok(reply.header("location").to_owned())
}

/// Ends the demo when a step that everything else stands on fails.
fn expect(reply: &Reply, status: u16) -> Outcome {
    if reply.status.as_u16() == status {
        return Ok(());
    }
    Err(format!("expected status {status}, got {}: {}", reply.status, reply.text).into())
}

/// The body, and null where it is no JSON: a server that answers nonsense fails a check and ends
/// no demo.
fn body(reply: &Reply) -> Value {
    serde_json::from_str(&reply.text).unwrap_or_default()
}

/// Runs a client's requests.
fn block_on<T>(requests: impl Future<Output = T>) -> T {
    System::new().block_on(requests)
}

fn story(edits: &Edits, trespasses: u64) -> Story {
    Story {
        situation:
            "The first version of a shared to-do list found rows by id, wrote whole objects \
                    back, and cached lists for a minute."
                .to_owned(),
        task:
            "Nobody reads or changes what belongs to others, no edit disappears, no list is old, \
               and the clients that exist go on working."
                .to_owned(),
        action: "Put the owner into every statement and every key; compared versions inside the \
                 statement that writes; forgot a user's cached lists before the response to each \
                 write; held the API to a contract that others wrote."
            .to_owned(),
        result: format!(
            "Of {} concurrent edits {} were lost before and {} after; requests of a stranger that \
             got through went from {trespasses} to 0.",
            edits.all, edits.lost_before, edits.lost_after,
        ),
    }
}
