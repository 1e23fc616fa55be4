//! How have you integrated different technologies? An old CMS, partners with webhooks, and a broker.
//!
//! 1. An export is parsed row by row, refused row by row, and imported once ([`import`]).
//! 2. Every old address leads to its page in one step, 301 ([`pages`]); a search sends what is asked.
//! 3. An event is a row of the transaction that makes it true ([`outbox`]); Redis only speeds it up.
//! 4. Webhooks are signed both ways ([`foundation::signature`]), sent in order, and applied once
//!    ([`inbox`]).
//! 5. A partner that hangs opens its breaker; one that renames a field breaks a contract.
//!
//! Read `outbox.rs` → `inbox.rs`; then `signature.rs` of the foundation, `delivery.rs` and `worker.rs`,
//! `import/row.rs` and `pages.rs`, `breaker.rs` and `contract.rs`, and `demo.rs`.

pub mod breaker;
pub mod command;
pub mod contract;
pub mod courier;
pub mod dead_letters;
pub mod delivery;
mod demo;
mod handlers;
mod html;
pub mod import;
pub mod imports;
pub mod inbox;
mod job;
pub mod model;
pub mod outbox;
pub mod outside;
pub mod pages;
pub mod partners;
mod schema;
pub mod search;
mod state;
pub mod stream;
mod tempting;
pub mod worker;

use evidence::{Answer, sources};
use foundation::module::Module;
use utoipa_actix_web::service_config::ServiceConfig;

use handlers::{catalogue, partners as partner, site, webhooks};

/// Question 13.
pub static ANSWER: Answer = Answer {
    number: 13,
    slug: "integrations",
    title: "How have you integrated different technologies?",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/model.rs",
        "src/import/mod.rs",
        "src/import/row.rs",
        "src/import/export.rs",
        "src/import/store.rs",
        "src/imports.rs",
        "src/search.rs",
        "src/pages.rs",
        "src/html.rs",
        "src/handlers/mod.rs",
        "src/handlers/catalogue.rs",
        "src/handlers/site.rs",
        "src/handlers/partners.rs",
        "src/handlers/webhooks.rs",
        "src/outbox.rs",
        "src/dead_letters.rs",
        "src/stream.rs",
        "src/delivery.rs",
        "src/worker.rs",
        "../../foundation/src/signature.rs",
        "src/inbox.rs",
        "src/partners.rs",
        "src/breaker.rs",
        "src/courier.rs",
        "src/contract.rs",
        "src/job.rs",
        "src/state.rs",
        "src/outside/mod.rs",
        "src/outside/carrier.rs",
        "src/outside/warehouse.rs",
        "src/tempting.rs",
        "src/demo.rs",
        "src/demo/addresses.rs",
        "src/demo/answers.rs",
        "src/demo/crashes.rs",
        "src/demo/crashes/world.rs",
        "src/demo/export.rs",
        "src/demo/hanging.rs",
        "src/demo/inbound.rs",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::perform,
    routes: Some(routes),
};

/// The API with its worker, its imports and its hourly job.
pub static MODULE: Module =
    Module { routes, start: state::Integrations::start, jobs: &[&job::EXPIRY] };

/// The same without a worker, for what sends nothing or has its own.
pub static WITHOUT_WORKER: Module =
    Module { routes, start: state::Integrations::start_idle, jobs: &[] };

/// The API below `/api/v1/catalogue`, `/api/v1/partners` and `/api/v1/dead-letters`, the pages below
/// `/catalogue/`, and the addresses of the old site below `/cms/`.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(catalogue::find)
        .service(catalogue::import)
        .service(catalogue::report)
        .service(catalogue::set_price)
        .service(partner::add)
        .service(partner::list)
        .service(partner::remove)
        .service(partner::quote)
        .service(webhooks::receive)
        .service(webhooks::dead_letters)
        .service(webhooks::replay)
        // Before the route with a slug, which would take the name for one.
        .service(site::sitemap)
        .service(site::page)
        .service(site::legacy);
}
