//! Tell me about a piece of code you optimised: one report, five steps, each measured.
//!
//! 1. A profile says where the time goes; the first step removes the largest part ([`steps`]).
//! 2. The report is the same byte for byte after every step, or it is no optimisation.
//! 3. Statements, bytes and allocations are counted, since counts repeat and times do not
//!    ([`statements`], [`network`], [`allocations`]).
//! 4. One step did nothing. It is kept, with the share of the request that says why.
//!
//! Read `steps/step0_baseline.rs` → `steps/step1_one_join.rs` → `steps/step2_hash_set.rs` →
//! `steps/step3_borrowed.rs` → `steps/step4_unrolled.rs` → `steps/step5_cached.rs`, each beside
//! the one before; then `demo.rs`.

pub mod allocations;
pub mod cost;
mod demo;
pub mod network;
pub mod profile;
pub mod report;
pub mod schema;
pub mod statements;
pub mod steps;
pub mod tempting;

use evidence::{Answer, sources};

/// Question 2.
pub static ANSWER: Answer = Answer {
    number: 2,
    slug: "code-performance",
    title: "Tell me about a piece of code you optimised",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/report.rs",
        "src/steps.rs",
        "src/steps/step0_baseline.rs",
        "src/steps/step1_one_join.rs",
        "src/steps/step2_hash_set.rs",
        "src/steps/step3_borrowed.rs",
        "src/steps/step4_unrolled.rs",
        "src/steps/step5_cached.rs",
        "src/steps/in_database.rs",
        "src/tempting.rs",
        "src/cost.rs",
        "src/statements.rs",
        "src/network.rs",
        "src/allocations.rs",
        "src/profile.rs",
        "src/demo.rs",
        "src/demo/fill.rs",
        "src/demo/climb.rs",
        "src/demo/timing.rs",
        "src/demo/changes.rs",
        "src/demo/profiles.rs",
        "src/demo/limits.rs",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::perform,
    routes: None,
};
