//! The demo: pages deep down and under way, relations, versions, the contract, and what is not sent.
//!
//! Read `pages.rs` and `walk.rs` (which row is read, skipped, seen twice), `relations.rs` (statements
//! for a page), `clients.rs` (who still works), `changes.rs` (what the gate catches), `unchanged.rs`
//! (what is not sent), then `limits.rs` (when a page number is better).

mod changes;
mod clients;
mod fill;
mod limits;
mod pages;
mod relations;
mod statements;
mod unchanged;
mod walk;

use std::sync::Arc;

use actix_web::rt::System;
use evidence::{Needs, Outcome, Quantity, Scale, Stage, Story};
use foundation::module::Module;
use foundation::scratch::Scratch;
use foundation::testing::{Reply, TestApp};

use crate::MODULE;

/// Posts in the database; the page that is looked for is the last of them.
fn posts_at(scale: Scale) -> u64 {
    match scale {
        Scale::Quick => 20_000,
        Scale::Default => 1_000_000,
        Scale::Full => 5_000_000,
    }
}

pub(crate) fn needs(scale: Scale) -> Needs {
    let posts = posts_at(scale);
    Needs {
        rows: posts + 50_000,
        // The table, its indexes, and as much again in the write-ahead log.
        disk_bytes: posts * 900 + 50_000_000,
        memory_bytes: 60_000_000,
    }
}

pub(crate) fn perform(stage: &Stage) -> Outcome {
    let (scratch, _guard) = Scratch::for_demo(stage)?;
    let scratch = Arc::new(scratch);
    let mut connection = scratch.connect()?;
    let posts = posts_at(stage.scale());
    fill::fill(stage, &mut connection, posts)?;
    let deep = pages::climb(stage, &scratch, &mut connection, posts)?;
    stage.go_on()?;
    let statements = relations::climb(stage, &mut connection)?;
    stage.go_on()?;
    let broken = clients::climb(stage, &scratch)?;
    stage.go_on()?;
    let caught = changes::climb(stage)?;
    stage.go_on()?;
    unchanged::save(stage, &scratch)?;
    stage.go_on()?;
    limits::show(stage, &mut connection)?;
    stage.story(story(&deep, statements, broken, caught));
    Ok(())
}

/// Flags of a server without limits: what is shown is not about them.
const UNLIMITED: [&str; 4] = ["--rate-limit", "0", "--user-rate-limit", "0"];

/// A whole server of this answer, with some routes replaced.
fn serve(scratch: &Arc<Scratch>, in_front: Option<&Module>) -> TestApp {
    let modules: Vec<&Module> = in_front.into_iter().chain([&MODULE]).collect();
    TestApp::serving_on(scratch, &modules, &UNLIMITED)
}

/// Runs a client's requests.
fn block_on<T>(requests: impl Future<Output = T>) -> T {
    System::new().block_on(requests)
}

/// Ends the demo when a step that everything else stands on fails.
fn expect(reply: &Reply, status: u16) -> Outcome {
    if reply.status.as_u16() == status {
        return Ok(());
    }
    Err(format!("expected status {status}, got {}: {}", reply.status, reply.text).into())
}

fn story(deep: &pages::Deep, statements: (u64, u64), broken: u64, caught: u64) -> Story {
    let [offset, keyset] = [deep.offset, deep.keyset].map(Quantity::buffers);
    Story {
        situation: "A blog's API paged by OFFSET, asked once for each relation of each row, and \
                    had to show the author as an object where clients expected a name."
            .to_owned(),
        task:
            "Pages that cost the same everywhere and lose no row, and a change that breaks nobody."
                .to_owned(),
        action:
            "Paged by time and id on an index in that order; read each kind of relation in one \
                 statement; served version 2 beside version 1 with the day of its end in each \
                 response; put the contract under a gate and a recorded client under each build."
                .to_owned(),
        result: format!(
            "{keyset} instead of {offset} for the last page, {} statements instead of {} for a \
             page, {broken} requests of the recorded client that a change in place had broken work, \
             and all {caught} breaking changes are caught.",
            statements.1, statements.0,
        ),
    }
}
