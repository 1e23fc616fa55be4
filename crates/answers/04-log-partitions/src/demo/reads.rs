//! One report over one month, answered in five ways.

use std::cell::RefCell;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use evidence::{
    Bar, Chart, ChartKind, Failure, Ladder, Outcome, Quantity, RungKind, Stage, Unit,
};

use super::observe::{executed, number, time_cell, times};
use crate::plan::Plan;
use crate::tempting::DECEMBER_BY_FUNCTION;

/// December as a half-open range: the planner compares it with the bounds of each partition.
const DECEMBER: &str = "logged_at >= '2025-12-01' AND logged_at < '2026-01-01'";

/// Buffers that the report reads, for the story.
#[derive(Clone, Copy)]
pub(super) struct Reads {
    pub(super) plain: u64,
    pub(super) partitioned: u64,
}

struct Variant {
    id: &'static str,
    kind: RungKind,
    name: &'static str,
    table: &'static str,
    december: &'static str,
    /// Makes what the variant needs and removes what the one before needed.
    prepare: &'static str,
    index: Option<&'static str>,
}

const VARIANTS: [Variant; 5] = [
    Variant {
        id: "plain",
        kind: RungKind::Wrong,
        name: "one table, no index",
        table: "entries_plain",
        december: DECEMBER,
        prepare: "",
        index: None,
    },
    Variant {
        id: "function",
        kind: RungKind::Tempting,
        name: "partitions, key inside date_trunc()",
        table: "entries_by_month",
        december: DECEMBER_BY_FUNCTION,
        prepare: "",
        index: None,
    },
    Variant {
        id: "partition",
        kind: RungKind::Right,
        name: "partitions, half-open range",
        table: "entries_by_month",
        december: DECEMBER,
        prepare: "",
        index: None,
    },
    Variant {
        id: "btree",
        kind: RungKind::Costly,
        name: "one table, B-tree",
        table: "entries_plain",
        december: DECEMBER,
        prepare: "CREATE INDEX entries_btree ON entries_plain (logged_at)",
        index: Some("entries_btree"),
    },
    Variant {
        id: "brin",
        kind: RungKind::Costly,
        name: "one table, BRIN",
        table: "entries_plain",
        december: DECEMBER,
        prepare: "DROP INDEX entries_btree;
                  CREATE INDEX entries_brin ON entries_plain USING brin (logged_at)
                      WITH (pages_per_range = 32)",
        index: Some("entries_brin"),
    },
];

/// What one variant did.
struct Seen {
    plan: Plan,
    errors: Vec<Errors>,
    index_bytes: u64,
}

#[derive(Debug, PartialEq, QueryableByName)]
struct Errors {
    #[diesel(sql_type = Text)]
    service: String,
    #[diesel(sql_type = BigInt)]
    errors: i64,
}

fn report(table: &str, december: &str) -> String {
    format!(
        "SELECT service, count(*) AS errors FROM {table}
         WHERE {december} AND level >= 4 GROUP BY service ORDER BY service"
    )
}

/// Climbs the ladder. Leaves the plain table with its BRIN index.
pub(super) fn climb(stage: &Stage, connection: &mut PgConnection) -> Result<Reads, Failure> {
    stage.step("Count the errors of December by service");
    stage.code("The report", report("entries_by_month", DECEMBER));
    stage.predict("buffers", "how many buffers (8 KiB) does one of 12 partitions take?", Unit::Buffers);
    let ladder = stage.ladder(
        "errors by service in one month of twelve",
        &["partitions read", "buffers", "rows read", "index size", "time"],
    );
    let mut seen = Vec::new();
    for variant in &VARIANTS {
        seen.push(take_rung(stage, &ladder, connection, variant)?);
    }
    let [plain, function, partition, btree, brin] = &seen[..] else { unreachable_variants()? };
    stage.reveal("buffers", Quantity::buffers(partition.plan.buffers));
    stage.plan("One partition", &*partition.plan.text);
    check_pruning(stage, plain, function, partition);
    check_indexes(stage, partition, btree, brin);
    stage.check(
        "every-rung-gives-the-same-report",
        "all five ways count the same errors",
        seen.iter().all(|one| one.errors == plain.errors && !one.errors.is_empty()),
    );
    compare_times(stage, connection)?;
    stage.chart(chart(&seen));
    Ok(Reads { plain: plain.plan.buffers, partitioned: partition.plan.buffers })
}
