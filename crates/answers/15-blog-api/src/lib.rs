//! Design a RESTful API from scratch: a blog whose pages stay in place and whose contract holds.
//!
//! 1. A page starts after the last row seen, by an index in that order ([`store::posts`]).
//! 2. What belongs to its rows is read in one statement for each kind ([`store::relations`]).
//! 3. Owner, draft and version are compared inside the statement that reads or writes.
//! 4. Two versions show one store; the first says when it goes, and whereto.
//! 5. The committed contract is what is served, and no change that breaks a client passes its gate
//!    ([`contract`]).
//!
//! Read `handlers/v2.rs` → `store/posts.rs` → `store/relations.rs`; then `handlers/mod.rs`,
//! `store/edits.rs`, `representation.rs`, `contract.rs`, `contract/gate.rs` and `demo.rs`.

pub mod contract;
mod demo;
mod deprecation;
mod guard;
mod handlers;
pub mod model;
mod once;
pub mod recorded_client;
mod representation;
pub mod request;
mod schema;
mod state;
pub mod store;
mod tempting;

use evidence::{Answer, sources};
use foundation::module::Module;
use utoipa_actix_web::service_config::ServiceConfig;

use handlers::{v1, v2};

/// Question 15.
pub static ANSWER: Answer = Answer {
    number: 15,
    slug: "blog-api",
    title: "Design a RESTful API from scratch",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/handlers/mod.rs",
        "src/handlers/comments.rs",
        "src/handlers/v1.rs",
        "src/handlers/v2.rs",
        "src/representation.rs",
        "src/deprecation.rs",
        "src/request.rs",
        "src/model.rs",
        "src/once.rs",
        "src/guard.rs",
        "src/state.rs",
        "src/store/mod.rs",
        "src/store/posts.rs",
        "src/store/edits.rs",
        "src/store/relations.rs",
        "src/store/comments.rs",
        "src/contract.rs",
        "src/contract/gate.rs",
        "src/contract/schema.rs",
        "src/recorded_client.rs",
        "src/recorded_client/script.rs",
        "src/tempting.rs",
        "src/demo.rs",
        "src/demo/fill.rs",
        "src/demo/pages.rs",
        "src/demo/walk.rs",
        "src/demo/relations.rs",
        "src/demo/statements.rs",
        "src/demo/clients.rs",
        "src/demo/changes.rs",
        "src/demo/unchanged.rs",
        "src/demo/limits.rs",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::perform,
    routes: Some(routes),
};

/// The API with its caches, its limit and sign-in.
pub static MODULE: Module = Module { routes, start: state::Blog::start, jobs: &[] };

/// The API below `/api/v1` and `/api/v2`: posts, drafts and comments.
pub fn routes(config: &mut ServiceConfig<'_>) {
    routes_v1(config);
    routes_v2(config);
}

/// The first version alone.
#[allow(deprecated)] // For clients; somebody has to serve it until its sunset.
pub(crate) fn routes_v1(config: &mut ServiceConfig<'_>) {
    config
        .service(v1::list)
        .service(v1::create)
        .service(v1::show)
        .service(v1::replace)
        .service(v1::remove)
        .service(v1::list_drafts)
        .service(v1::list_comments)
        .service(v1::create_comment)
        .service(v1::remove_comment);
}

/// The second version alone.
pub(crate) fn routes_v2(config: &mut ServiceConfig<'_>) {
    config
        .service(v2::list)
        .service(v2::create)
        .service(v2::show)
        .service(v2::replace)
        .service(v2::remove)
        .service(v2::list_drafts)
        .service(v2::list_comments)
        .service(v2::create_comment)
        .service(v2::remove_comment);
}
