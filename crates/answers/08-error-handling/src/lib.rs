//! Errors are part of the API: one taxonomy, one body, one place that logs them.
//!
//! 1. Every failure is a [`Problem`] of a [`ProblemType`]; that table decides status and blame.
//! 2. [`boundary`] wraps the app: request id, deadline, panics and foreign error bodies.
//! 3. The log gets a redacted [`Cause`], the client a sentence written for it.
//! 4. [`Retry`] repeats only what is idempotent, within a [`RetryBudget`].
//! 5. [`CircuitBreaker`] stops calling what is down.
//!
//! Read `problem_type.rs` → `problem.rs`; then `boundary.rs`, `extract.rs` and `retry.rs`.

mod boundary;
mod breaker;
mod cause;
pub(crate) mod demo;
mod extract;
mod fallback;
mod few_lines;
mod problem;
mod problem_type;
mod rejection;
mod request;
mod responses;
mod retry;
mod strict;
mod tempting;
mod text;
mod validate;
mod well_formed;

use evidence::{Answer, sources};

pub use boundary::{RequestDeadline, boundary, install_panic_hook};
pub use breaker::{CircuitBreaker, Guarded};
pub use cause::{Cause, connection_lost, constraint, on_constraint};
pub use extract::{BodyDeadline, Json, Path, Query, RawBody, parse_json};
pub use fallback::{RouteTable, fallback};
pub use problem::{InvalidField, MEDIA_TYPE, Problem, ProblemBody};
pub use problem_type::{Fault, ProblemType};
pub use rejection::Rejection;
pub use request::{REQUEST_ID_HEADER, RequestContext, RequestId, UNMATCHED, method_name};
pub use responses::{ReadProblems, WriteProblems, problem_response, problem_schemas};
pub use retry::{Retry, RetryBudget, Safety, Transient};
pub use text::{bounded_text, breaks_line, is_unprintable};
pub use validate::validated;

/// Answer 8.
pub static ANSWER: Answer = Answer {
    number: 8,
    slug: "error-handling",
    title: "How do you handle errors in your backend code?",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/problem_type.rs",
        "src/problem.rs",
        "src/cause.rs",
        "src/request.rs",
        "src/boundary.rs",
        "src/extract.rs",
        "src/fallback.rs",
        "src/retry.rs",
        "src/breaker.rs",
        "src/tempting.rs",
        "src/demo/faults.rs",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::perform,
    routes: None,
};
