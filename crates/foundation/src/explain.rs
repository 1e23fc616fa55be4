//! Query plans: what PostgreSQL did to answer a statement, as a tree, as numbers, and as rules that
//! a plan has to keep.
//!
//! [`plan_of`] executes any query, typed or [`diesel::sql_query`], and reads its plan. [`PlanRules`]
//! say what a plan may not become; in tests, `PlanGuard` panics with the plan when it does.

mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error;
use diesel::sql_types::Json;
use serde_json::Value;

#[cfg(feature = "testing")]
pub use rules::PlanGuard;
pub use rules::PlanRules;

/// What of a node's conditions is shown, in this order. Lists, such as sort keys, are joined.
const DETAILS: [&str; 9] = [
    "Index Cond",
    "Recheck Cond",
    "Hash Cond",
    "Merge Cond",
    "Join Filter",
    "Filter",
    "Sort Key",
    "Group Key",
    "Subplans Removed",
];

/// Turns any query into its own EXPLAIN, so that the plan is that of the statement which really
/// runs, binds included, instead of one typed again beside it.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct Explain<Q>(pub Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Explain<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("EXPLAIN (ANALYZE, BUFFERS, WAL, FORMAT JSON) ");
        self.0.walk_ast(out.reborrow())
    }
}

impl<Q> Query for Explain<Q> {
    type SqlType = Json;
}

impl<Q> RunQueryDsl<PgConnection> for Explain<Q> {}

/// Executes a query and tells what it did. A statement that writes does write.
///
/// The first execution on a connection also reads the catalog: where buffers are counted, execute
/// the query once before.
///
/// # Errors
/// Whatever the statement fails with, and [`NotAPlan`] as a deserialization error.
pub fn plan_of<Q>(connection: &mut PgConnection, query: Q) -> QueryResult<PlanTree>
where
    Q: QueryFragment<Pg> + QueryId,
{
    let explained: Value = Explain(query).get_result(connection)?;
    PlanTree::from_json(&explained).map_err(|error| Error::DeserializationError(error.into()))
}

/// The JSON holds no executed plan; without ANALYZE there is nothing to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not the output of EXPLAIN (ANALYZE, FORMAT JSON)")]
pub struct NotAPlan;

/// The plan of a statement that was executed.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanTree {
    /// The topmost node; its numbers include those of all others.
    pub root: PlanNode,
    /// Time spent planning.
    pub planning: Duration,
    /// Time spent executing, triggers included, sending the rows excluded.
    pub execution: Duration,
}

/// One node of a plan. Rows are per loop and rounded, as PostgreSQL gives them; everything else is
/// over all loops, and includes the nodes below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanNode {
    /// What it does, such as `Index Only Scan`.
    pub kind: String,
    /// The table or partition that it reads or writes.
    pub relation: Option<String>,
    /// The index that it reads.
    pub index: Option<String>,
    /// Rows per loop that the planner expected.
    pub estimated_rows: u64,
    /// Rows per loop that it gave to the node above.
    pub rows: u64,
    /// Rows per loop that it looked at and rejected.
    pub rejected_rows: u64,
    /// How often it ran; 0 for one that was never needed.
    pub loops: u64,
    /// Rows that an index-only scan had to look up in the table after all.
    pub heap_fetches: u64,
    /// Shared buffers of 8 KiB, from the cache or not.
    pub buffers: u64,
    /// Records of write-ahead log.
    pub wal_records: u64,
    /// Bytes of write-ahead log, full page images included.
    pub wal_bytes: u64,
    /// Conditions and keys with their names, such as `Index Cond`.
    pub details: Vec<(&'static str, String)>,
    /// The nodes that it takes its rows from.
    pub children: Vec<PlanNode>,
}

impl PlanTree {
    /// Reads the output of `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)`. JSON instead of the text
    /// form, as the text is meant for people and changes between versions.
    ///
    /// # Errors
    /// [`NotAPlan`] for any other JSON, so that no rule is kept by a plan that was never read.
    pub fn from_json(explained: &Value) -> Result<Self, NotAPlan> {
        let statement = &explained[0];
        let root = &statement["Plan"];
        if !root["Node Type"].is_string() || !root["Actual Loops"].is_number() {
            return Err(NotAPlan);
        }
        let time = |name: &str| {
            let milliseconds = statement[name].as_f64().unwrap_or(0.0).max(0.0);
            Duration::from_secs_f64(milliseconds / 1e3)
        };
        Ok(Self {
            root: PlanNode::from_json(root),
            planning: time("Planning Time"),
            execution: time("Execution Time"),
        })
    }

    /// Shared buffers of 8 KiB that the whole statement read, from the cache or not.
    #[must_use]
    pub fn buffers(&self) -> u64 {
        self.root.buffers
    }

    /// Every node, each before its children, with its depth below the root.
    #[must_use]
    pub fn nodes(&self) -> Vec<(usize, &PlanNode)> {
        let mut nodes = Vec::new();
        self.root.collect(0, &mut nodes);
        nodes
    }

    /// Rows that scans of tables looked at, including those they then rejected.
    #[must_use]
    pub fn rows_read(&self) -> u64 {
        self.scans().map(|scan| (scan.rows + scan.rejected_rows) * scan.loops).sum()
    }

    /// Tables and partitions that were really read. A plan may list others, which were pruned or
    /// not needed while it ran.
    #[must_use]
    pub fn relations_read(&self) -> BTreeSet<&str> {
        self.scans().filter_map(|scan| scan.relation.as_deref()).collect()
    }

    /// Tables and partitions that were read from end to end.
    #[must_use]
    pub fn relations_scanned_whole(&self) -> BTreeSet<&str> {
        let whole = self.scans().filter(|scan| scan.kind == "Seq Scan");
        whole.filter_map(|scan| scan.relation.as_deref()).collect()
    }

    /// Indexes that were really read.
    #[must_use]
    pub fn indexes_used(&self) -> BTreeSet<&str> {
        let ran = self.nodes().into_iter().filter(|(_, node)| node.loops > 0);
        ran.filter_map(|(_, node)| node.index.as_deref()).collect()
    }

    /// The tree as text, one node a line.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (depth, node) in self.nodes() {
            let _ = writeln!(text, "{:indent$}{}", "", node.line(), indent = depth * 2);
        }
        text
    }

    fn scans(&self) -> impl Iterator<Item = &PlanNode> {
        let nodes = self.nodes().into_iter().map(|(_, node)| node);
        nodes.filter(|node| node.loops > 0 && node.relation.is_some() && node.kind != "ModifyTable")
    }
}

impl PlanNode {
    fn from_json(node: &Value) -> Self {
        let text = |name: &str| node[name].as_str().map(str::to_owned);
        let count = |name: &str| count(&node[name]);
        let rejections = [
            "Rows Removed by Filter",
            "Rows Removed by Index Recheck",
            "Rows Removed by Join Filter",
        ];
        Self {
            kind: text("Node Type").unwrap_or_default(),
            relation: text("Relation Name"),
            index: text("Index Name"),
            estimated_rows: count("Plan Rows"),
            rows: count("Actual Rows"),
            rejected_rows: rejections.into_iter().map(count).sum(),
            loops: count("Actual Loops"),
            heap_fetches: count("Heap Fetches"),
            buffers: count("Shared Hit Blocks") + count("Shared Read Blocks"),
            wal_records: count("WAL Records"),
            wal_bytes: count("WAL Bytes"),
            details: DETAILS.into_iter().filter_map(|name| detail(node, name)).collect(),
            children: node["Plans"].as_array().into_iter().flatten().map(Self::from_json).collect(),
        }
    }

    /// Buffers that the node read itself, without those of the nodes below.
    #[must_use]
    pub fn own_buffers(&self) -> u64 {
        self.buffers.saturating_sub(self.children.iter().map(|child| child.buffers).sum())
    }

    /// What it does and to what, such as `Index Scan using orders_pkey on orders`.
    #[must_use]
    pub fn label(&self) -> String {
        let mut label = self.kind.clone();
        for (word, name) in [("using", &self.index), ("on", &self.relation)] {
            if let Some(name) = name {
                let _ = write!(label, " {word} {name}");
            }
        }
        label
    }

    fn line(&self) -> String {
        let mut line = self.label();
        if self.loops == 0 {
            return line + " (never executed)";
        }
        let _ = write!(line, " (rows {}, buffers {})", self.rows, self.buffers);
        for (name, value) in &self.details {
            let _ = write!(line, "; {name}: {value}");
        }
        line
    }

    fn collect<'a>(&'a self, depth: usize, nodes: &mut Vec<(usize, &'a Self)>) {
        nodes.push((depth, self));
        self.children.iter().for_each(|child| child.collect(depth + 1, nodes));
    }
}

/// Rows per loop are a fraction since PostgreSQL 18, a whole number before.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Counts below 2^53.
fn count(value: &Value) -> u64 {
    value.as_f64().unwrap_or(0.0).round() as u64
}

fn detail(node: &Value, name: &'static str) -> Option<(&'static str, String)> {
    let text = match &node[name] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(keys) => keys.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        _ => return None,
    };
    Some((name, text))
}
