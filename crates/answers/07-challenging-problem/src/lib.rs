//! A challenging problem: the last hundred units, five hundred buyers, and nobody oversold.
//!
//! 1. Seven attempts, one small module each, so that neighbours can be compared ([`attempts`]).
//! 2. One race for all of them, arranged so that nothing depends on luck ([`race`]).
//! 3. A model that tries every schedule instead of some, and is replayed on PostgreSQL ([`model`]).
//!
//! Read `attempts/read_then_write.rs` and its neighbours → `race.rs` → `model.rs`; then `demo.rs`.

pub mod attempts;
pub mod counter;
mod demo;
pub mod model;
pub mod race;
mod schema;
pub mod store;
pub mod till;

use evidence::{Answer, sources};

/// Question 7.
pub static ANSWER: Answer = Answer {
    number: 7,
    slug: "challenging-problem",
    title: "A challenging technical problem and how you solved it",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/attempts.rs",
        "src/attempts/read_then_write.rs",
        "src/attempts/repeatable_read.rs",
        "src/attempts/repeatable_read_retry.rs",
        "src/attempts/select_for_update.rs",
        "src/attempts/conditional_update.rs",
        "src/attempts/advisory_lock.rs",
        "src/attempts/redis_counter.rs",
        "src/till.rs",
        "src/store.rs",
        "src/counter.rs",
        "src/race.rs",
        "src/race/client.rs",
        "src/race/gap.rs",
        "src/race/meeting.rs",
        "src/race/services.rs",
        "src/model.rs",
        "src/model/world.rs",
        "src/model/explore.rs",
        "src/model/trace.rs",
        "src/model/replay.rs",
        "src/demo.rs",
        "src/demo/arranged.rs",
        "src/demo/schedules.rs",
        "src/demo/deaths.rs",
        "src/demo/hesitation.rs",
        "src/demo/unarranged.rs",
        "src/demo/hot_row.rs",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::perform,
    routes: None,
};
