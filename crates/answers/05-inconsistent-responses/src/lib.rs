//! The front-end team reports inconsistent responses. Reproduce, group, compare, bisect, name, fix.
//!
//! 1. The same GET, a thousand times, without the front end ([`Probe::run`]).
//! 2. Responses are grouped by what a client can tell of them, and compared member by member.
//! 3. Each difference is bisected by header, instance and time; what separates it names its cause
//!    ([`Cause`]).
//! 4. Each cause is fixed on its own, and the same probe counts again. A contract keeps it so.
//!
//! Read `probe.rs` → `probe/evidence.rs` → `probe/cause.rs`; then `contract.rs`, `case.rs` and
//! `demo.rs`; `lab.rs` holds the service with the planted causes.

mod case;
mod contract;
mod demo;
mod lab;
mod probe;

use evidence::cli::Extra;
use evidence::{Answer, sources};

pub use case::Case;
pub use contract::{Rule, broken};
pub use lab::{Lab, Ordering, Release, Routing, Setup, TermsFrom, create};
pub use probe::{
    Cause, Difference, Evidence, GroupOfSame, Kind, NotAPointer, Pattern, Probe, ProbeError,
    Report, Variant, Watch,
};

/// Question 5.
pub static ANSWER: Answer = Answer {
    number: 5,
    slug: "inconsistent-responses",
    title: "The front-end team reports inconsistent responses",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/probe.rs",
        "src/probe/send.rs",
        "src/probe/canonical.rs",
        "src/probe/groups.rs",
        "src/probe/headers.rs",
        "src/probe/compare.rs",
        "src/probe/difference.rs",
        "src/probe/evidence.rs",
        "src/probe/cause.rs",
        "src/probe/report.rs",
        "src/probe/arguments.rs",
        "src/contract.rs",
        "src/case.rs",
        "src/lab.rs",
        "src/lab/setup.rs",
        "src/lab/instance.rs",
        "src/lab/store.rs",
        "src/lab/balancer.rs",
        "src/lab/servers.rs",
        "src/demo.rs",
        "src/demo/ladder.rs",
        "src/demo/judge.rs",
        "src/demo/limits.rs",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::perform,
    routes: None,
};

/// Subcommands beside the demo: the probe, for any service, and the laboratory to try it on.
pub const EXTRAS: [Extra; 2] = [probe::PROBE, lab::LAB];
