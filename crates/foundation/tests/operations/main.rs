//! What a person on call asks a running server. The log level has a program of its own, as a process
//! has one log.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod gauges;
mod on_call;
mod requests;
