//! Keep a web application secure: say what is allowed, in one place each, and attack it yourself.
//!
//! 1. [`MODULE`] puts the headers on every response of a server (`headers.rs`).
//! 2. [`Outbound`] calls what others name, and never this network (`outbound.rs`).
//! 3. [`attacks`] are fourteen programs that take what they can get over HTTP.
//! 4. [`lab`] is what they attack: handlers with holes, with tempting fixes, and with the backend's
//!    own pieces.
//!
//! Read `headers.rs` → `outbound.rs` → `lab/hardened.rs`; then `outbound/destination.rs`, and
//! whichever attack you care about beside `lab/vulnerable.rs`.

pub mod attacks;
mod demo;
mod headers;
pub mod lab;
mod outbound;

use std::sync::Arc;

use evidence::{Answer, sources};
use foundation::module::{Module, Share, StartFailure, Starting};

pub use headers::protect;
pub use outbound::{
    AddressClass, Outbound, OutboundError, OutboundRequest, OutboundResponse, OutboundSettings,
    class_of, machine_roots, tls_client,
};

/// Question 14.
pub static ANSWER: Answer = Answer {
    number: 14,
    slug: "web-security",
    title: "How do you keep a web application secure?",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/headers.rs",
        "src/outbound.rs",
        "src/outbound/address.rs",
        "src/outbound/destination.rs",
        "src/outbound/worker.rs",
        "src/outbound/tls.rs",
        "src/lab/mod.rs",
        "src/lab/serve.rs",
        "src/lab/routes.rs",
        "src/lab/hardened.rs",
        "src/lab/hardened/content.rs",
        "src/lab/store.rs",
        "src/lab/tempting.rs",
        "src/lab/vulnerable.rs",
        "src/lab/naive_token.rs",
        "src/attacks/mod.rs",
        "src/attacks/injection.rs",
        "src/attacks/object_access.rs",
        "src/attacks/mass_assignment.rs",
        "src/attacks/jwt.rs",
        "src/attacks/ssrf.rs",
        "src/attacks/traversal.rs",
        "src/attacks/xss.rs",
        "src/attacks/csrf.rs",
        "src/attacks/brute_force.rs",
        "src/attacks/body.rs",
        "src/attacks/slow_client.rs",
        "src/attacks/logs.rs",
        "src/attacks/redirect.rs",
        "src/attacks/vulnerable_dependency.rs",
        "src/attacks/lockfiles.rs",
        "src/demo.rs",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::perform,
    routes: None,
};

/// No routes: the headers of every response of a server that mounts it.
pub static MODULE: Module = Module { routes: |_| {}, start: harden, jobs: &[] };

fn harden(starting: &mut Starting<'_>) -> Result<Share, StartFailure> {
    starting.on_response(Arc::new(protect));
    Module::nothing_to_start(starting)
}
