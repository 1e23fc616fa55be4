//! **Show your work**: eighteen back-end interview questions, each answered by a crate that runs, and
//! this crate, which puts them together into one backend.
//!
//! # The floors
//!
//! A crate depends only on floors below its own (`docs/architecture.md` draws every arrow).
//!
//! | floor | crates | start with |
//! |--:|---|---|
//! | 0 | [`evidence`], `local_services` | [`evidence::Stage`], what a demo performs on |
//! | 1 | [`error_handling`] | [`error_handling::Problem`], what every route returns when it fails |
//! | 2 | [`foundation`] | [`foundation::module::Module`], what an answer hands to a server |
//! | 3 | [`auth`], [`caching`], [`web_security`], [`background_jobs`] | [`auth::CurrentUser`], [`caching::Cache`], [`web_security::Outbound`], [`background_jobs::enqueue`] |
//! | 4 | the other answers | [`create_user`], one endpoint from its bytes to its row |
//! | 5 | this one | [`answers`], the list that everything is derived from |
//!
//! # The answers
//!
//! Stories and experiments: [`production_incident`] (1), [`code_performance`] (2),
//! [`log_partitions`] (4), [`inconsistent_responses`] (5), [`sync_async`] (6),
//! [`challenging_problem`] (7), [`work_environment`] (10), [`slow_query`] (12), [`architecture`] (17).
//! APIs: [`todo_api`] (3), [`create_user`] (9), [`shop_api`] (11),
//! [`integrations`] (13), [`blog_api`] (15). What they
//! stand on: [`error_handling`] (8), [`web_security`] (14), [`auth`] (16), [`caching`] (18).
//!
//! Here, read [`answers`] (what there is), [`serve`] (how it runs), then [`study`] (the pages).
//! Nothing an answer teaches lives in this crate.

pub mod answers;
pub mod cli;
pub mod index;
pub mod questions;
mod queue;
mod report;
pub mod serve;
pub mod study;
