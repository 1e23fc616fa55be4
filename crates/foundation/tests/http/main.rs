//! The server around the routes: limits, deadlines, slow clients, what servers share, and its end.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

#[path = "../common/mod.rs"]
mod common;
mod launching;
mod requests;
mod sharing;
mod slow_clients;
mod stopping;
