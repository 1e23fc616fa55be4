//! What a listing read, for whoever asks the API.

use std::collections::BTreeSet;
use std::time::Duration;

use foundation::explain::PlanTree;
use serde::Serialize;
use utoipa::ToSchema;

/// What an executed statement read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = LogPlan)]
pub struct Plan {
    /// Tables and partitions that were really scanned, by name.
    #[schema(example = json!(["log_entries_2026_01"]))]
    pub partitions_read: BTreeSet<String>,
    /// Buffers of 8 KiB read from cache or disk while executing.
    #[schema(example = 7)]
    pub buffers: u64,
    /// Rows that a scan looked at, including those it then rejected.
    #[schema(example = 51)]
    pub rows_read: u64,
    /// Milliseconds spent planning.
    #[schema(example = 0.41)]
    pub planning_ms: f64,
    /// Milliseconds spent executing.
    #[schema(example = 0.12)]
    pub execution_ms: f64,
    /// The plan tree, one node a line.
    pub text: String,
}

impl From<PlanTree> for Plan {
    fn from(tree: PlanTree) -> Self {
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        Self {
            partitions_read: tree.relations_read().into_iter().map(str::to_owned).collect(),
            buffers: tree.buffers(),
            rows_read: tree.rows_read(),
            planning_ms: milliseconds(tree.planning),
            execution_ms: milliseconds(tree.execution),
            text: tree.text(),
        }
    }
}
