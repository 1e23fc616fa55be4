//! Tell me how you debugged a hard production issue: stop it first, then let the evidence decide.
//!
//! 1. A small order-lookup service runs on the backend's real server, and one of six faults begins
//!    to act in it (`faults.rs`).
//! 2. Failing is a count: requests that break the promise, wave by wave of one fixed load.
//! 3. The mitigation needs no cause, only a switch; it comes first (`incident.rs`).
//! 4. Six hypotheses are weighed against what was seen at the alert (`signals.rs`).
//! 5. The fix is real code under the same load. `dojo` lets you do all of that yourself.
//!
//! Read `incident.rs` → `faults.rs` → `signals.rs`; then any file in `faults/`, and
//! `dojo/session.rs`.

mod console;
mod demo;
mod dojo;
mod faults;
mod incident;
mod load;
mod schema;
mod service;
mod signals;
mod store;
#[cfg(test)]
mod turns;

use evidence::cli::Extra;
use evidence::{Answer, sources};

pub use dojo::DOJO;

/// Question 1.
pub static ANSWER: Answer = Answer {
    number: 1,
    slug: "production-incident",
    title: "Tell me how you debugged a hard production issue",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/incident.rs",
        "src/faults.rs",
        "src/faults/leaked_connection.rs",
        "src/faults/blocking_call.rs",
        "src/faults/retry_storm.rs",
        "src/faults/growing_queries.rs",
        "src/faults/unbounded_map.rs",
        "src/faults/idle_transaction.rs",
        "src/signals.rs",
        "src/load.rs",
        "src/service.rs",
        "src/service/handlers.rs",
        "src/service/pool.rs",
        "src/service/server.rs",
        "src/store.rs",
        "src/dojo.rs",
        "src/dojo/session.rs",
        "src/dojo/commands.rs",
        "src/dojo/feed.rs",
        "src/dojo/postmortem.rs",
        "src/demo.rs",
        "src/demo/six.rs",
        "src/demo/told.rs",
        "src/demo/policies.rs",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::perform,
    routes: None,
};

/// The subcommands beside the demo: `dojo`.
pub const EXTRAS: &[Extra] = &[DOJO];
