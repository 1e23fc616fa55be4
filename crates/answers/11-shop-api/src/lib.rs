//! Architect a scalable API for uneven e-commerce traffic: a shop that keeps its orders in a sale.
//!
//! 1. What is shown are documents, cached; what is sold are rows, and the row decides ([`store::stock`]).
//! 2. An order, its stock, the job that charges for it and its response are one transaction
//!    ([`checkout`]); repeated with its key, it is the same order.
//! 3. Stock is reserved until it is paid, declined, cancelled or expired, and then moves once; before
//!    it expires, the provider is asked ([`payments::inquiry`]).
//! 4. The provider is asked by workers that come and go with the queue ([`workers`], [`payments`]).
//! 5. More checkouts than can be served are refused at once; what can be left out can be turned off.
//!
//! Read `handlers/orders.rs` → `checkout.rs` → `store/stock.rs`; then `store/settling.rs`,
//! `payments/mod.rs`, `payments/callback.rs`, `payments/inquiry.rs`, `workers/policy.rs`,
//! `catalogue/mod.rs` and `demo.rs`.

mod admission;
pub mod catalogue;
pub mod checkout;
pub mod command;
mod counts;
mod demo;
mod handlers;
pub mod job;
pub mod model;
pub mod payments;
pub mod provider;
mod request;
pub mod sale;
mod schema;
mod state;
pub mod store;
pub mod switches;
mod tempting;
pub mod terms;
pub mod workers;

use evidence::{Answer, sources};
use foundation::module::Module;
use utoipa_actix_web::service_config::ServiceConfig;

use handlers::{callbacks, carts, orders, products};

/// Question 11.
pub static ANSWER: Answer = Answer {
    number: 11,
    slug: "shop-api",
    title: "Architect a scalable API for uneven e-commerce traffic",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/handlers/orders.rs",
        "src/checkout.rs",
        "src/store/stock.rs",
        "src/store/settling.rs",
        "src/store/orders.rs",
        "src/model.rs",
        "src/request.rs",
        "src/terms.rs",
        "src/admission.rs",
        "src/switches.rs",
        "src/counts.rs",
        "src/state.rs",
        "src/handlers/mod.rs",
        "src/handlers/products.rs",
        "src/handlers/carts.rs",
        "src/handlers/callbacks.rs",
        "src/store/mod.rs",
        "src/store/carts.rs",
        "src/store/products.rs",
        "src/store/payments.rs",
        "src/store/switches.rs",
        "src/catalogue/mod.rs",
        "src/catalogue/postgres.rs",
        "src/catalogue/redis.rs",
        "src/payments/mod.rs",
        "src/payments/charge.rs",
        "src/payments/callback.rs",
        "src/payments/inquiry.rs",
        "../../foundation/src/signature.rs",
        "../../foundation/src/idempotency/owned.rs",
        "src/workers/mod.rs",
        "src/workers/policy.rs",
        "src/workers/supervisor.rs",
        "src/workers/child.rs",
        "src/workers/command.rs",
        "src/provider/mod.rs",
        "src/provider/book.rs",
        "src/provider/callbacks.rs",
        "src/provider/command.rs",
        "src/job.rs",
        "src/command.rs",
        "src/command/stock.rs",
        "src/command/switch.rs",
        "src/tempting.rs",
        "src/tempting/page.rs",
        "src/tempting/till.rs",
        "src/demo.rs",
        "src/demo/alert.rs",
        "src/demo/bank.rs",
        "src/demo/documents.rs",
        "src/demo/documents/counted.rs",
        "src/demo/flash.rs",
        "src/demo/flash/verdict.rs",
        "src/demo/fleet.rs",
        "src/demo/fleet/supervisor.rs",
        "src/demo/hot_key.rs",
        "src/demo/last_units.rs",
        "src/demo/meeting.rs",
        "src/demo/same_key.rs",
        "src/demo/shop.rs",
        "src/demo/steady.rs",
        "src/demo/ways.rs",
        "src/sale/buyer.rs",
        "src/sale/capacity.rs",
        "src/sale/command.rs",
        "src/sale/flash.rs",
        "src/sale/mod.rs",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::demo,
    routes: Some(routes),
};

/// The API with its caches, its limits, its jobs and sign-in.
pub static MODULE: Module = Module { routes, start: state::Shop::start, jobs: &[&job::EXPIRY] };

/// The API below `/api/v1/shop`: products, cart, orders, and what the payment provider tells.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(products::list)
        .service(products::show)
        .service(carts::show)
        .service(carts::replace)
        .service(carts::empty)
        .service(orders::place)
        .service(orders::list)
        .service(orders::show)
        .service(orders::cancel)
        .service(callbacks::receive);
}
