//! Design an API for a basic CRUD application: people, their to-dos, and categories.
//!
//! 1. Every statement names the owner: somebody else's row is a row that is not there ([`store`]).
//! 2. PUT replaces and demands `If-Match`, PATCH merges and takes it ([`foundation::precondition`]).
//! 3. First pages are cached and forgotten at each write of their owner, before the response.
//! 4. A token and a limit for each user come before any body is read.
//! 5. A client of Todo-Backend works unchanged: a plain array, absolute `url`s, pages in `Link`.
//!
//! Read `handlers/todos.rs` → `store/todos.rs` → `guard.rs`; then `request.rs`, `lists.rs` and
//! `demo.rs`.

mod demo;
mod guard;
mod handlers;
mod lists;
pub mod model;
mod page;
mod request;
mod schema;
mod state;
pub mod store;
mod tempting;

use evidence::{Answer, Switch, sources};
use foundation::module::Module;
use utoipa_actix_web::service_config::ServiceConfig;

use handlers::{categories, todos};

/// Question 3.
pub static ANSWER: Answer = Answer {
    number: 3,
    slug: "todo-api",
    title: "Design an API for a basic CRUD application",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/handlers/mod.rs",
        "src/handlers/todos.rs",
        "src/handlers/todo_body.rs",
        "src/handlers/categories.rs",
        "src/request.rs",
        "src/model.rs",
        "src/store/mod.rs",
        "src/store/todos.rs",
        "src/store/named.rs",
        "src/store/categories.rs",
        "src/guard.rs",
        "../../foundation/src/precondition.rs",
        "src/state.rs",
        "src/lists.rs",
        "src/page.rs",
        "../../foundation/src/http/base_url.rs",
        "src/tempting.rs",
        "src/demo.rs",
        "src/demo/conformance.rs",
        "src/demo/edits.rs",
        "src/demo/row_lock.rs",
        "src/demo/strangers.rs",
        "src/demo/stale.rs",
        "src/demo/limits.rs",
        "src/demo/price.rs",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::perform,
    routes: Some(routes),
};

/// What an interviewer may take away.
pub const SWITCHES: &[Switch] = &[Switch {
    name: demo::NO_IF_MATCH,
    question: "And if a client never sends If-Match?",
    change: "The editors of the right rung leave the If-Match header out; the server is the same.",
    breaks: &["if-match-loses-no-edit"],
}];

/// The API with its cache, its limit and sign-in.
pub static MODULE: Module = Module { routes, start: state::Todos::start, jobs: &[] };

/// The API below `/api/v1/todos` and `/api/v1/categories`.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(todos::list)
        .service(todos::create)
        .service(todos::clear)
        .service(todos::show)
        .service(todos::replace)
        .service(todos::change)
        .service(todos::remove)
        .service(categories::list)
        .service(categories::create)
        .service(categories::show)
        .service(categories::replace)
        .service(categories::change)
        .service(categories::remove);
}
