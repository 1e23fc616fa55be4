//! Walk me through one endpoint: `POST /api/v1/users`, from its bytes to its row.
//!
//! 1. The body becomes domain types or is refused, every bad field at once ([`model`]).
//! 2. Uniqueness is the database's word, on a normal form that the code makes ([`store`]).
//! 3. Passwords are hashed on a lane of their own, off the async workers and the database threads.
//! 4. With an `Idempotency-Key`, row and response are stored in one transaction.
//!
//! Read `handlers.rs` → `request.rs` → `email.rs` → `registration.rs` → `store.rs`; then `demo.rs`.

mod demo;
mod email;
mod handlers;
mod job;
pub mod model;
mod registration;
mod request;
mod schema;
pub mod store;
mod tempting;
mod text;

use evidence::{Answer, sources};
use foundation::module::Module;
use utoipa_actix_web::service_config::ServiceConfig;

/// Question 9.
pub static ANSWER: Answer = Answer {
    number: 9,
    slug: "create-user",
    title: "Walk me through designing one endpoint, say POST /users",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/handlers.rs",
        "src/request.rs",
        "src/model.rs",
        "src/email.rs",
        "src/text.rs",
        "src/registration.rs",
        "../../foundation/src/idempotency/once.rs",
        "src/store.rs",
        "src/job.rs",
        "src/tempting.rs",
        "src/demo.rs",
        "src/demo/races.rs",
        "src/demo/attempts.rs",
        "src/demo/inputs.rs",
        "src/demo/repeats.rs",
        "src/demo/hashing.rs",
        "src/demo/price.rs",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::perform,
    routes: Some(routes),
};

/// The API with its hashing thread, its key and its daily job.
pub static MODULE: Module =
    Module { routes, start: registration::Registrations::start, jobs: &[&job::IDEMPOTENCY_EXPIRY] };

/// The API below `/api/v1/users`.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(handlers::create).service(handlers::profile);
}
