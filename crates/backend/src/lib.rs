//! The composition root: every answer in one program.
//!
//! Read in this order: [`answers`] (what there is), [`serve`] (how it runs), then [`study`] (the
//! pages). Nothing an answer teaches lives here.

pub mod answers;
pub mod cli;
pub mod doctor;
pub mod index;
pub mod questions;
mod queue;
mod report;
pub mod serve;
pub mod study;
