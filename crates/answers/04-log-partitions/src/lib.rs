//! How can partitioning improve query performance? A log, stored by the month.
//!
//! 1. A range of time in the query lets the database skip every other month ([`search`]).
//! 2. A batch is one statement, and a row outside every month is kept and counted ([`store`]).
//! 3. A daily job makes the months to come and drops the old ones ([`maintenance`]).
//! 4. Dropping a month is the win that no index has; for reading, an index is about as good.
//!
//! Read `handlers.rs` → `store.rs` → `partitions.rs`; then `maintenance.rs` and `demo.rs`.

mod batch;
mod demo;
mod handlers;
mod in_months;
pub mod maintenance;
mod metric;
pub mod model;
pub mod month;
pub mod partitions;
pub mod plan;
mod schema;
pub mod search;
pub mod store;
mod tempting;

use std::sync::Arc;

use evidence::{Answer, sources};
use foundation::module::Module;
use utoipa_actix_web::service_config::ServiceConfig;

/// Question 4.
pub static ANSWER: Answer = Answer {
    number: 4,
    slug: "log-partitions",
    title: "How can partitioning improve query performance?",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/handlers.rs",
        "src/model.rs",
        "src/batch.rs",
        "src/search.rs",
        "src/store.rs",
        "src/in_months.rs",
        "src/plan.rs",
        "src/month.rs",
        "src/partitions.rs",
        "src/maintenance.rs",
        "src/metric.rs",
        "src/tempting.rs",
        "src/demo.rs",
        "src/demo/fill.rs",
        "src/demo/reads.rs",
        "src/demo/retention.rs",
        "src/demo/limits.rs",
        "src/demo/planning.rs",
        "src/demo/kinds.rs",
        "src/demo/ingest.rs",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::perform,
    routes: Some(routes),
};

/// The API with its counter and its daily job.
pub static MODULE: Module = Module {
    routes,
    start: |starting| {
        metric::register(starting.metrics);
        Ok(Arc::new(|_| {}))
    },
    jobs: &[&maintenance::JOB],
};

/// The API below `/api/v1/logs`.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(handlers::ingest)
        .service(handlers::list)
        .service(handlers::list_partitions)
        .service(handlers::plan);
}
