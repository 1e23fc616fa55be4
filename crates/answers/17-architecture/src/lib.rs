//! Walk me through a project you built: this one, asked about itself.
//!
//! 1. The crates stand on floors; the picture is drawn from `cargo metadata` ([`floors`]).
//! 2. One request is followed from socket to row and back, by the server's own spans ([`walk`]).
//! 3. Each decision names the test that holds it (`tests/tests/decisions.rs`); two are measured
//!    here: tables instead of documents ([`models`]), a queue instead of a spawned task ([`desk`]).
//! 4. What went wrong is told with the change that taught it ([`lessons`]).
//!
//! Read `floors.rs` → `orders.rs` → `desk.rs`; then `models.rs`, `walk.rs` and `demo.rs`.

mod command;
mod demo;
pub mod desk;
pub mod diagram;
pub mod floors;
pub mod lessons;
pub mod models;
pub mod orders;
pub mod page;
pub mod post;
mod relay;
mod schema;
pub mod site;
pub mod staff;
pub mod walk;

use evidence::{Answer, sources};

pub use command::EXTRAS;

/// Question 17.
pub static ANSWER: Answer = Answer {
    number: 17,
    slug: "architecture",
    title: "Walk me through a project you built and its architecture",
    readme: include_str!("../README.md"),
    sources: sources![
        "src/lib.rs",
        "src/floors.rs",
        "src/diagram.rs",
        "src/walk.rs",
        "src/lessons.rs",
        "src/models.rs",
        "src/orders.rs",
        "src/desk.rs",
        "src/relay.rs",
        "src/post.rs",
        "src/site.rs",
        "src/staff.rs",
        "src/page.rs",
        "src/command.rs",
        "src/demo.rs",
        "src/demo/crates.rs",
        "src/demo/request.rs",
        "src/demo/models.rs",
        "src/demo/deaths.rs",
        "src/demo/waits.rs",
        "../../../tests/tests/decisions.rs",
    ],
    recorded: include_str!("../recorded/run.jsonl"),
    needs: demo::needs,
    demo: demo::perform,
    routes: None,
};
