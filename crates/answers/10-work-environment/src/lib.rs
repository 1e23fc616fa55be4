//! What work environment helps you do your best? One that tells you soon that you are wrong.
//!
//! 1. A [`doctor`] names every gap of a machine at once, each with its fix.
//! 2. The same seeded defect is met in seven ways: searched for after a complaint, or stopped by a
//!    test before there is one ([`hunts`]).
//! 3. A fresh clone gives its first result after seven commands, five, or one ([`setup`]).
//! 4. Where tests lose: a suite that runs whole at each edit ([`suite`]).
//!
//! Read `site.rs` (what happened before anybody looked) → `hunts/searching.rs` →
//! `hunts/testing.rs` → `setup.rs`; then `project.rs` (the shop and its defects), `suite.rs`,
//! `doctor/` and `demo/`. What no program can measure is on a card to fill in: `card.md`. Beside
//! all that, [`new_answer`] lays out a further answer.

mod commands;
mod demo;
pub mod desk;
pub mod doctor;
pub mod hunts;
pub mod new_answer;
pub mod project;
pub mod setup;
pub mod site;
pub mod suite;

use evidence::cli::Extra;
use evidence::{Answer, sources};

/// Question 10.
pub static ANSWER: Answer = Answer {
    number: 10,
    slug: "work-environment",
    title: "What work environment helps you do your best?",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/doctor/mod.rs",
        "src/doctor/machine.rs",
        "src/doctor/tools.rs",
        "src/doctor/services.rs",
        "src/doctor/resources.rs",
        "src/doctor/checkout.rs",
        "src/desk.rs",
        "src/project.rs",
        "sample/shop.rs",
        "src/site.rs",
        "src/hunts/mod.rs",
        "src/hunts/searching.rs",
        "src/hunts/testing.rs",
        "src/setup.rs",
        "src/suite.rs",
        "src/demo/mod.rs",
        "card.md",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::perform,
    routes: None,
};

/// Subcommands beside the demo.
pub const EXTRAS: &[Extra] = &[commands::DOCTOR, commands::NEW_ANSWER, commands::REMOVE_ANSWER];
