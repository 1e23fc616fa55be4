//! The same report seven times. Compare a step with the one before it: `diff` is the reading guide.

pub mod in_database;
pub mod step0_baseline;
pub mod step1_one_join;
pub mod step2_hash_set;
pub mod step3_borrowed;
pub mod step4_unrolled;
pub mod step5_cached;

use diesel::prelude::*;
use evidence::RungKind;

use crate::report::Body;

/// Answers one request for a country's report.
pub type Handler = Box<dyn FnMut(&mut PgConnection, &str) -> QueryResult<Body>>;

/// One way to make the report.
#[derive(Debug)]
pub struct Step {
    /// Short name, for ids.
    pub id: &'static str,
    /// What it changes.
    pub name: &'static str,
    /// Where it stands on the ladder.
    pub kind: RungKind,
    /// A handler with nothing in its cache, where it has one.
    pub handler: fn() -> Handler,
    /// The module itself.
    pub source: &'static str,
}

/// All of them, in the order in which they were taken; the last is no step, but another road.
pub static STEPS: [Step; 7] = [
    Step {
        id: "baseline",
        name: "0 as found: N+1 statements",
        kind: RungKind::Wrong,
        handler: || Box::new(step0_baseline::report),
        source: include_str!("steps/step0_baseline.rs"),
    },
    Step {
        id: "join",
        name: "1 one join",
        kind: RungKind::Right,
        handler: || Box::new(step1_one_join::report),
        source: include_str!("steps/step1_one_join.rs"),
    },
    Step {
        id: "hash-set",
        name: "2 hash set",
        kind: RungKind::Right,
        handler: || Box::new(step2_hash_set::report),
        source: include_str!("steps/step2_hash_set.rs"),
    },
    Step {
        id: "borrowed",
        name: "3 no needless clones",
        kind: RungKind::Right,
        handler: || Box::new(step3_borrowed::report),
        source: include_str!("steps/step3_borrowed.rs"),
    },
    Step {
        id: "unrolled",
        name: "4 sum unrolled by hand",
        kind: RungKind::Tempting,
        handler: || Box::new(step4_unrolled::report),
        source: include_str!("steps/step4_unrolled.rs"),
    },
    Step {
        id: "cached",
        name: "5 cached",
        kind: RungKind::Costly,
        handler: || {
            let mut cache = step5_cached::Cache::default();
            Box::new(move |connection, country| cache.report(connection, country))
        },
        source: include_str!("steps/step5_cached.rs"),
    },
    Step {
        id: "in-database",
        name: "or: sums in PostgreSQL",
        kind: RungKind::Costly,
        handler: || Box::new(in_database::report),
        source: include_str!("steps/in_database.rs"),
    },
];
