//! Where would you add a cache, and what can go wrong? Two levels, in process and in Redis.
//!
//! 1. A read takes the nearest level that has the value ([`Cache::get_or_load`]).
//! 2. Of all readers who miss, one loads, on one replica: flights in process, a lease in Redis.
//! 3. A write takes value and lease away and waits until every replica has heard; a load from
//!    before it is kept nowhere ([`Cache::invalidate`]).
//! 4. A Redis that is gone costs a bounded wait, then nothing; what it may have missed is forgotten.
//!
//! Read `cache.rs` → `writes.rs` → `flights.rs`; then `shared.rs`, `scripts.rs`, `peers.rs` and
//! `demo.rs`.

mod cache;
mod caches;
mod confirmations;
mod counts;
mod demo;
mod flights;
mod handlers;
mod key;
mod local;
mod peers;
mod pulse;
mod scripts;
mod settings;
mod shared;
mod tempting;
mod write;
mod writes;

use std::sync::Arc;

use actix_web::web;
use evidence::{Answer, Switch, sources};
use foundation::module::{Module, Share, StartFailure, Starting};
use utoipa_actix_web::service_config::ServiceConfig;

pub use cache::{Cache, Value};
pub use caches::{Caches, SharedLevel};
pub use counts::{CacheStatistics, LevelStatistics};
pub use key::Key;
pub use peers::Reach;
pub use settings::CacheSettings;
pub use write::write_then_forget;

/// Question 18.
pub static ANSWER: Answer = Answer {
    number: 18,
    slug: "caching",
    title: "Where would you add a cache, and what can go wrong?",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/cache.rs",
        "src/caches.rs",
        "src/settings.rs",
        "src/key.rs",
        "src/writes.rs",
        "src/write.rs",
        "src/local.rs",
        "src/flights.rs",
        "src/shared.rs",
        "src/scripts.rs",
        "src/peers.rs",
        "src/confirmations.rs",
        "src/pulse.rs",
        "src/counts.rs",
        "src/handlers.rs",
        "src/tempting.rs",
        "src/demo.rs",
        "src/demo/replicas.rs",
        "src/demo/store.rs",
        "src/demo/ladder.rs",
        "src/demo/load.rs",
        "src/demo/promises.rs",
        "src/demo/ratio.rs",
        "src/demo/price.rs",
        "src/demo/faults.rs",
        "src/demo/trouble.rs",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::perform,
    routes: Some(routes),
};

/// What an interviewer may take away.
pub const SWITCHES: &[Switch] = &[Switch {
    name: demo::REDIS_GONE,
    question: "And if Redis is gone?",
    change: "Both servers of the right rungs run without Redis: each caches alone and hears of nobody.",
    breaks: &["one-load-at-expiry", "nothing-stale-after-a-write", "a-slow-load-keeps-nothing-old"],
}];

/// The statistics of a server's caches. An answer that caches starts its own with
/// [`Caches::start`], which gives all of them the same.
pub static MODULE: Module = Module { routes, start, jobs: &[] };

/// The API below `/api/v1/cache-statistics`.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(handlers::statistics);
}

fn start(starting: &mut Starting<'_>) -> Result<Share, StartFailure> {
    let caches = web::Data::new(Caches::start(starting)?);
    Ok(Arc::new(move |config| {
        config.app_data(caches.clone());
    }))
}
