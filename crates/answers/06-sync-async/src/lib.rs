//! Synchronous versus asynchronous, and when each? The same waits six ways on two workers.
//!
//! 1. A blocking wait occupies its thread; an async one gives it back until the answer comes
//!    ([`service`]).
//! 2. Six [`rungs`], each a few lines that differ from their neighbour's in one idea.
//! 3. A [`trial`] holds every answer until no more calls come, and counts who waits.
//! 4. A heartbeat on the same workers tells what a blocked worker does to everybody else ([`pulse`]).
//! 5. Where async loses: [`compute`] and [`files`].
//!
//! Read `service.rs` → `trial.rs`; then `rungs/` in the order of `RUNGS`, `pulse.rs` and `demo/`.

pub mod compute;
mod demo;
pub mod files;
mod gate;
pub mod hand_overs;
pub mod pulse;
pub mod rungs;
pub mod service;
pub mod trial;

use evidence::{Answer, sources};

/// Question 6.
pub static ANSWER: Answer = Answer {
    number: 6,
    slug: "sync-async",
    title: "Synchronous versus asynchronous, and when each?",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/service.rs",
        "src/gate.rs",
        "src/rungs/mod.rs",
        "src/rungs/sequential.rs",
        "src/rungs/blocking_in_async.rs",
        "src/rungs/async_tasks.rs",
        "src/rungs/spawn_blocking.rs",
        "src/rungs/thread_pool.rs",
        "src/rungs/thread_per_call.rs",
        "src/trial.rs",
        "src/pulse.rs",
        "src/compute.rs",
        "src/files.rs",
        "src/hand_overs.rs",
        "src/demo/mod.rs",
        "../../foundation/src/database/lane.rs",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::perform,
    routes: None,
};
