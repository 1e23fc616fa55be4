//! What a tag and a cache save, and when the cache saves nothing.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::rt::{System, SystemRunner};
use evidence::{Failure, Outcome, Quantity, Scale, Stage};
use foundation::scratch::Scratch;
use foundation::testing::{Client, TestApp};
use futures_util::future::join_all;
use serde_json::json;

use super::stale::{UNCACHED, store_reads};
use super::{TODOS, UNLIMITED, expect, make, serve, somebody};

/// To-dos in the list: a page full.
const TODOS_IN_LIST: u64 = 100;

/// Requests of one timing.
const REQUESTS: u64 = 5;

fn rounds(scale: Scale) -> u32 {
    match scale {
        Scale::Quick => 4,
        Scale::Default | Scale::Full => 20,
    }
}

/// Weighs a page of a hundred to-dos.
pub(super) fn weigh(stage: &Stage, scratch: &Arc<Scratch>) -> Outcome {
    stage.step(format!("The price, on a list of {TODOS_IN_LIST} to-dos"));
    let app = serve(scratch, None, &UNLIMITED);
    let client = somebody(&app, "busy").client;
    let system = System::new();
    let first = system.block_on(fill(&client))?;
    save_bytes(stage, &system, &client)?;
    let rounds = rounds(stage.scale());
    let get = |list| -> Outcome {
        system.block_on(async {
            for _ in 0..REQUESTS {
                expect(&client.get(list).await, 200)?;
            }
            Ok(())
        })
    };
    stage.compare(
        "cached-list",
        "five reads of the list, over HTTP",
        rounds,
        ("cached", &mut || get(TODOS)),
        ("from the store", &mut || get(UNCACHED)),
    )?;
    waste(stage, (&app, &system, &client), &first, rounds)
}

/// Returns the path of the first to-do.
async fn fill(client: &Client) -> Result<String, Failure> {
    let all = (0..TODOS_IN_LIST).map(|n| async move {
        make(client, &format!("to-do number {n}, of a length that to-dos have")).await
    });
    join_all(all).await.swap_remove(0)
}

fn save_bytes(stage: &Stage, system: &SystemRunner, client: &Client) -> Outcome {
    let (whole, again) = system.block_on(async {
        let whole = client.get(TODOS).await;
        let known = [("if-none-match", whole.header("etag"))];
        let again = client.send(Method::GET, TODOS, &known, None).await;
        (whole, again)
    });
    let [bytes, left] = [&whole, &again].map(|reply| Quantity::bytes(reply.text.len() as u64));
    stage.measure("bytes-whole", "body of the list", bytes);
    stage.measure("bytes-known", "body for a client that has it", left);
    stage.check(
        "a-known-list-is-304-without-a-body",
        format!("a client that sends the tag it has gets {left} instead of {bytes}"),
        again.status == 304 && again.text.is_empty() && !whole.text.is_empty(),
    );
    Ok(())
}

/// When this answer is wrong: a list that is written as often as it is read.
fn waste(
    stage: &Stage,
    (app, system, client): (&TestApp, &SystemRunner, &Client),
    todo: &str,
    rounds: u32,
) -> Outcome {
    stage.note("A list that is written before every read: the cache is filled and never used.");
    let write_and_read = |list| -> Outcome {
        system.block_on(async {
            for n in 0..REQUESTS {
                expect(&client.json(Method::PATCH, todo, &json!({"order": n})).await, 200)?;
                expect(&client.get(list).await, 200)?;
            }
            Ok(())
        })
    };
    let before = store_reads(app)?;
    write_and_read(TODOS)?;
    let read = store_reads(app)? - before;
    stage.compare(
        "wasted-cache",
        "five writes, each followed by a read",
        rounds,
        ("cached", &mut || write_and_read(TODOS)),
        ("from the store", &mut || write_and_read(UNCACHED)),
    )?;
    stage.check(
        "a-list-read-once-for-each-write-gains-nothing",
        format!("{read} of {REQUESTS} reads go to the store although there is a cache"),
        read == REQUESTS,
    );
    Ok(())
}
