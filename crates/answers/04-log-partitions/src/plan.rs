//! Query plans: what PostgreSQL read to answer a statement, as numbers and as text.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Json;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Turns any query into its own EXPLAIN, so that the plan is that of the statement which really
/// runs, binds included, instead of one typed again beside it.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct Explain<Q>(pub Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Explain<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ");
        self.0.walk_ast(out.reborrow())
    }
}

impl<Q> Query for Explain<Q> {
    type SqlType = Json;
}

impl<Q> RunQueryDsl<PgConnection> for Explain<Q> {}

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

impl Plan {
    /// Reads the output of `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)`. JSON instead of the text
    /// form, as the text is meant for people and changes between versions.
    #[must_use]
    pub fn from_json(explained: &Value) -> Self {
        let statement = &explained[0];
        let root = &statement["Plan"];
        let milliseconds = |name: &str| statement[name].as_f64().unwrap_or(0.0);
        let mut plan = Self {
            buffers: buffers(root),
            planning_ms: milliseconds("Planning Time"),
            execution_ms: milliseconds("Execution Time"),
            ..Self::default()
        };
        plan.visit(root, 0);
        plan
    }

    fn visit(&mut self, node: &Value, depth: usize) {
        let loops = count(node, "Actual Loops");
        // A plan may list partitions that were pruned or not needed while it ran: loops 0.
        if let (Some(table), true) = (node["Relation Name"].as_str(), loops > 0) {
            self.partitions_read.insert(table.to_owned());
            let rejected = ["Rows Removed by Filter", "Rows Removed by Index Recheck"];
            let rejected: u64 = rejected.iter().map(|name| count(node, name)).sum();
            self.rows_read += (count(node, "Actual Rows") + rejected) * loops;
        }
        let _ = writeln!(self.text, "{:indent$}{}", "", describe(node), indent = depth * 2);
        for child in node["Plans"].as_array().into_iter().flatten() {
            self.visit(child, depth + 1);
        }
    }
}

fn buffers(node: &Value) -> u64 {
    count(node, "Shared Hit Blocks") + count(node, "Shared Read Blocks")
}

/// Rows per loop are a fraction since PostgreSQL 18, a whole number before.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Counts below 2^53.
fn count(node: &Value, name: &str) -> u64 {
    node[name].as_f64().unwrap_or(0.0).round() as u64
}

fn describe(node: &Value) -> String {
    let mut line = node["Node Type"].as_str().unwrap_or("?").to_owned();
    for (word, name) in [("using", "Index Name"), ("on", "Relation Name")] {
        if let Some(value) = node[name].as_str() {
            let _ = write!(line, " {word} {value}");
        }
    }
    if count(node, "Actual Loops") == 0 {
        return line + " (never executed)";
    }
    let _ = write!(line, " (rows {}, buffers {})", count(node, "Actual Rows"), buffers(node));
    for name in ["Index Cond", "Recheck Cond", "Filter", "Subplans Removed"] {
        match &node[name] {
            Value::String(condition) => line.push_str(&format!("; {name}: {condition}")),
            Value::Number(number) => line.push_str(&format!("; {name}: {number}")),
            _ => {}
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_scans_that_ran_count_and_rejected_rows_count_as_read() {
        let scan = |table: &str, loops: u32| {
            json!({
                "Node Type": "Seq Scan", "Relation Name": table, "Actual Loops": loops,
                "Actual Rows": 3, "Rows Removed by Filter": 7, "Shared Hit Blocks": 2,
            })
        };
        let plan = Plan::from_json(&json!([{
            "Plan": {
                "Node Type": "Append", "Actual Loops": 1, "Actual Rows": 3,
                "Shared Hit Blocks": 1, "Shared Read Blocks": 1,
                "Plans": [scan("january", 1), scan("february", 0)],
            },
            "Planning Time": 0.5, "Execution Time": 2.0,
        }]));
        assert_eq!(plan.partitions_read, BTreeSet::from(["january".to_owned()]));
        assert_eq!((plan.buffers, plan.rows_read), (2, 10));
        assert_eq!(
            plan.text,
            "Append (rows 3, buffers 2)\n  Seq Scan on january (rows 3, buffers 2)\n  \
             Seq Scan on february (never executed)\n"
        );
    }
}
