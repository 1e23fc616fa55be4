//! How would you optimise a slow database query? Find it, read its plan, change one thing, count.
//!
//! 1. The statement that takes the most in total is the offender, not the slowest call
//!    ([`statements`]).
//! 2. Its plan says why; two plans side by side say what an index changed ([`beside`]).
//! 3. Every index is tried, and its price on inserts and disk is measured ([`index`]).
//! 4. A rule beside the query fails the tests when the plan degrades ([`dashboard::rules`]).
//!
//! Read `dashboard.rs` → `index.rs` → `beside.rs` → `counter.rs`; then `demo.rs`.

pub mod beside;
pub mod counter;
pub mod dashboard;
mod demo;
pub mod index;
pub mod orders;
mod schema;
pub mod statements;
pub mod tempting;

use evidence::{Answer, Switch, sources};

/// Question 12.
pub static ANSWER: Answer = Answer {
    number: 12,
    slug: "slow-query",
    title: "How would you optimise a slow database query?",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/dashboard.rs",
        "src/index.rs",
        "src/beside.rs",
        "src/statements.rs",
        "src/counter.rs",
        "src/orders.rs",
        "src/tempting.rs",
        "src/demo.rs",
        "src/demo/offender.rs",
        "src/demo/ladder.rs",
        "src/demo/ladder/checks.rs",
        "src/demo/price.rs",
        "src/demo/clients.rs",
        "src/demo/clients/crowd.rs",
        "src/demo/badge.rs",
        "src/demo/guard.rs",
        "src/demo/limits.rs",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::perform,
    routes: None,
};

/// What an interviewer may take away.
pub const SWITCHES: &[Switch] = &[Switch {
    name: demo::INDEX_DROPPED,
    question: "And if somebody drops the index?",
    change: "The covering index is never made; statement, table and every other rung are the same.",
    breaks: &[
        "one-column-fetches-every-order-of-the-seller",
        "wrong-column-order-reads-everybody-s-orders",
        "cast-of-the-column-hides-it-from-the-index",
        "covering-reads-a-thousandth",
        "covering-never-visits-the-table",
        "partial-index-is-a-fraction-and-as-good",
        "both-crowds-use-the-plan-they-stand-for",
        "calculated-and-kept-counts-are-right",
        "guard-lets-the-good-plan-pass",
    ],
}];
