//! What every answer stands on: configuration, database, HTTP, telemetry, limits, paging, tests.
//!
//! Nothing here is a lesson; where an answer is about the thing, the code lives in the answer.
//! Read [`config`] first, as it names everything that can be set, then [`database`] and [`http`].

pub mod backing;
pub mod cli;
pub mod client_address;
pub mod config;
pub mod database;
pub mod descriptors;
pub mod explain;
pub mod http;
pub mod idempotency;
pub mod jobs;
pub mod launch;
pub mod metrics;
pub mod migrate;
pub mod module;
pub mod operations;
pub mod pace;
pub mod paging;
pub mod precondition;
pub mod rate_limit;
pub mod redis;
pub mod scratch;
pub mod signature;
pub mod task;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
