//! Redis, one and a cluster, and the limits that are kept in it.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod cluster;
mod limits;
mod server;
