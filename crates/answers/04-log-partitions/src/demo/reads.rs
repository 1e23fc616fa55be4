//! One report over one month, answered in five ways.

use std::cell::RefCell;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use evidence::{
    Bar, Cell, Chart, ChartKind, Failure, Ladder, Outcome, Quantity, RungKind, Stage, Unit,
};
use foundation::scratch::number;

use super::observe::{executed, times};
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
    prepare: Option<&'static str>,
    index: Option<&'static str>,
}

/// Where the ladder starts; the other variants say what they change.
const PLAIN: Variant = Variant {
    id: "plain",
    kind: RungKind::Wrong,
    name: "one table",
    table: "entries_plain",
    december: DECEMBER,
    prepare: None,
    index: None,
};

const VARIANTS: [Variant; 5] = [
    PLAIN,
    Variant {
        id: "function",
        kind: RungKind::Tempting,
        name: "partitions, date_trunc()",
        table: "entries_by_month",
        december: DECEMBER_BY_FUNCTION,
        ..PLAIN
    },
    Variant {
        id: "partition",
        kind: RungKind::Right,
        name: "partitions, range",
        table: "entries_by_month",
        ..PLAIN
    },
    Variant {
        id: "btree",
        kind: RungKind::Costly,
        name: "one table, B-tree",
        prepare: Some("CREATE INDEX entries_btree ON entries_plain (logged_at)"),
        index: Some("entries_btree"),
        ..PLAIN
    },
    Variant {
        id: "brin",
        kind: RungKind::Costly,
        name: "one table, BRIN",
        prepare: Some(
            "DROP INDEX entries_btree;
             CREATE INDEX entries_brin ON entries_plain USING brin (logged_at)
                 WITH (pages_per_range = 32)",
        ),
        index: Some("entries_brin"),
        ..PLAIN
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
        "SELECT service, count(*) AS errors FROM {table}\nWHERE {december} AND level >= 4\n\
         GROUP BY service ORDER BY service"
    )
}

/// Climbs the ladder. Leaves the plain table with its BRIN index.
pub(super) fn climb(stage: &Stage, connection: &mut PgConnection) -> Result<Reads, Failure> {
    stage.step("Count the errors of December by service");
    stage.code("The report", report("entries_by_month", DECEMBER));
    stage.predict(
        "buffers",
        "how many buffers of 8 KiB does the report read from one partition of 12?",
        Unit::Buffers,
    );
    let ladder = stage.ladder(
        "errors by service in one month of twelve",
        &["partitions", "buffers", "rows", "index", "time"],
    );
    let mut seen = Vec::with_capacity(VARIANTS.len());
    for variant in &VARIANTS {
        seen.push(take_rung(stage, &ladder, connection, variant)?);
    }
    let [plain, function, partition, btree, brin] = seen.as_slice() else {
        return Err("the ladder has five rungs".into());
    };
    for (Variant { id, name, .. }, seen) in VARIANTS.iter().zip(&seen) {
        stage.measure(&format!("buffers-{id}"), *name, Quantity::buffers(seen.plan.buffers));
    }
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

fn take_rung(
    stage: &Stage,
    ladder: &Ladder<'_>,
    connection: &mut PgConnection,
    variant: &Variant,
) -> Result<Seen, Failure> {
    let Variant { kind, name, table, december, prepare, index, .. } = *variant;
    if let Some(prepare) = prepare {
        connection.batch_execute(prepare)?;
    }
    stage.go_on()?;
    let report = report(table, december);
    let errors = diesel::sql_query(&report).load(connection)?;
    let plan = executed(connection, &report)?;
    let times = times(stage, connection, &report)?;
    let index_bytes = match index {
        Some(index) => number(connection, &format!("pg_relation_size('{index}')"))?,
        None => 0,
    };
    let partitions = u64::try_from(plan.partitions_read.len())?;
    ladder.rung(
        kind,
        name,
        vec![
            Quantity::count(partitions).into(),
            Quantity::count(plan.buffers).into(),
            Quantity::count(plan.rows_read).into(),
            index.map_or_else(|| "none".into(), |_| Quantity::bytes(index_bytes).into()),
            Cell::times(&times),
        ],
    );
    Ok(Seen { plan, errors, index_bytes })
}

fn check_pruning(stage: &Stage, plain: &Seen, function: &Seen, partition: &Seen) {
    let read = |seen: &Seen| seen.plan.partitions_read.len();
    let [all, one] = [plain, partition].map(|seen| Quantity::buffers(seen.plan.buffers));
    stage.check(
        "range-reads-one-partition",
        format!(
            "a half-open range reads {} of 12 partitions: {one} instead of {all}",
            read(partition)
        ),
        read(partition) == 1 && partition.plan.buffers * 8 <= plain.plan.buffers,
    );
    stage.check(
        "function-on-key-reads-every-partition",
        format!("the key inside a function reads {} of 12 partitions", read(function)),
        read(function) == 12 && function.plan.buffers >= plain.plan.buffers * 9 / 10,
    );
}

fn check_indexes(stage: &Stage, partition: &Seen, btree: &Seen, brin: &Seen) {
    let buffers = |seen: &Seen| seen.plan.buffers;
    stage.check(
        "index-reads-about-as-little",
        format!(
            "one table with an index reads at most twice as much as one partition ({}): {} with a \
             B-tree, {} with a BRIN",
            Quantity::buffers(buffers(partition)),
            Quantity::buffers(buffers(btree)),
            Quantity::buffers(buffers(brin)),
        ),
        [btree, brin].iter().all(|index| buffers(index) <= 2 * buffers(partition)),
    );
    let [btree, brin] = [btree.index_bytes, brin.index_bytes];
    let [tree, ranges] = [btree, brin].map(Quantity::bytes);
    stage.check(
        "brin-is-a-small-fraction-of-a-b-tree",
        format!("the BRIN takes {ranges}, the B-tree {tree}"),
        brin > 0 && brin * 20 <= btree,
    );
    stage.measure("size-btree", "B-tree on the time", tree);
    stage.measure("size-brin", "BRIN on the time", ranges);
}

/// Times of the two that read about as little.
fn compare_times(stage: &Stage, connection: &mut PgConnection) -> Outcome {
    // Both variants need the one connection; they never run at once.
    let connection = RefCell::new(connection);
    let run =
        |table| -> Outcome { Ok(connection.borrow_mut().batch_execute(&report(table, DECEMBER))?) };
    stage.compare(
        "partition-or-brin",
        "the report from one partition, and from one table with a BRIN",
        12,
        ("one partition", &mut || run("entries_by_month")),
        ("one table, BRIN", &mut || run("entries_plain")),
    )?;
    stage.note(
        "A small index reads about as little. What it has no answer to comes with retention.",
    );
    Ok(())
}

fn chart(seen: &[Seen]) -> Chart {
    let bars = VARIANTS.iter().zip(seen).map(|(variant, seen)| Bar {
        label: variant.name.to_owned(),
        value: Quantity::buffers(seen.plan.buffers).value,
        spread: None,
        rung: Some(variant.kind),
    });
    Chart {
        id: "buffers".to_owned(),
        title: "Buffers read for a report over one month of twelve".to_owned(),
        axis: "buffers of 8 KiB".to_owned(),
        unit: Unit::Buffers,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: true },
    }
}
