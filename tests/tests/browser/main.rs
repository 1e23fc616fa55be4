//! Every flow of the study site in headless Chromium. All tests share one backend and a few browsers;
//! each has one to itself that remembers nothing, must not leave the origin and must not complain.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod accessible;
mod answer;
mod api;
mod every_page;
mod index;
mod practice;
mod report;
mod runs;
