//! The ways to the database: lanes, shared reads, once-only work, scratch databases, pooler, replica.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

#[path = "../common/mod.rs"]
mod common;
mod idempotency;
mod keyed_reads;
mod lanes;
mod pooler;
mod replica;
mod scratch;
