//! One query, and every index that comes to mind.

mod checks;

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use evidence::{Bar, Cell, Chart, ChartKind, Failure, Ladder, Quantity, RungKind, Stage, Unit};
use foundation::explain::PlanTree;
use foundation::scratch::number;

use super::observe::{times, tried};
use super::price;
use crate::beside::beside;
use crate::dashboard::{OPEN_ORDERS, OpenOrder, open_orders, plan};
use crate::index::{COMPOSITE, COVERING, EXPRESSION, Index, PARTIAL};
use crate::orders::SELLER;
use crate::tempting::{OPEN_ORDERS_BY_TEXT, SINGLE, WRONG_ORDER};

/// What the rest of the demo needs to know.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) none: u64,
    pub(super) covering: u64,
    /// Bytes of write-ahead log that the covering index adds to an insert.
    pub(super) extra_wal: u64,
}

#[derive(Clone, Copy)]
struct Variant {
    id: &'static str,
    kind: RungKind,
    name: &'static str,
    index: Option<Index>,
    statement: &'static str,
}

const fn variant(
    id: &'static str,
    kind: RungKind,
    name: &'static str,
    index: Option<Index>,
) -> Variant {
    Variant { id, kind, name, index, statement: OPEN_ORDERS }
}

const VARIANTS: [Variant; 8] = [
    variant("none", RungKind::Wrong, "no index", None),
    variant("single", RungKind::Tempting, "one column", Some(SINGLE)),
    variant("wrong-order", RungKind::Tempting, "range column first", Some(WRONG_ORDER)),
    Variant {
        statement: OPEN_ORDERS_BY_TEXT,
        ..variant("cast", RungKind::Tempting, "covering, column cast", Some(COVERING))
    },
    variant("covering", RungKind::Right, "covering", Some(COVERING)),
    variant("composite", RungKind::Costly, "composite", Some(COMPOSITE)),
    variant("partial", RungKind::Costly, "partial, covering", Some(PARTIAL)),
    Variant {
        statement: OPEN_ORDERS_BY_TEXT,
        ..variant("expression", RungKind::Costly, "expression, column cast", Some(EXPRESSION))
    },
];

/// What one variant did.
struct Tried {
    plan: PlanTree,
    page: Vec<OpenOrder>,
    times: Vec<Duration>,
    index_bytes: u64,
    /// Bytes of write-ahead log for one insert.
    wal: u64,
}

/// Climbs the ladder. Leaves the table with its covering index.
pub(super) fn climb(stage: &Stage, connection: &mut PgConnection) -> Result<Seen, Failure> {
    stage.step("Try each index on the one query");
    stage.code("The query", OPEN_ORDERS);
    stage.note(
        "Each index but the one that stays is made in a transaction, measured and rolled back: DDL \
         is transactional in PostgreSQL. The write-ahead log is that of one insert into a table with that index alone.",
    );
    stage.predict("buffers", "how many buffers does the covering index leave?", Unit::Buffers);
    let ladder = stage.ladder(
        "the newest 20 open orders of one seller in half a year",
        &["buffers", "rows", "index", "log/insert", "time"],
    );
    let mut tried = Vec::with_capacity(VARIANTS.len());
    for variant in &VARIANTS {
        stage.go_on()?;
        let one = try_out(stage, connection, variant)?;
        add_rung(&ladder, variant, &one);
        tried.push(one);
    }
    let [none, single, wrong_order, cast, covering, composite, partial, expression] =
        tried.as_slice()
    else {
        return Err("the ladder has eight rungs".into());
    };
    stage.reveal("buffers", Quantity::buffers(covering.plan.buffers()));
    record(stage, &tried);
    show_beside(stage, ("no index", none), ("covering index", covering));
    show_beside(stage, ("range column first", wrong_order), ("range column last", covering));
    checks::tempting(stage, none, [single, wrong_order, cast], covering);
    checks::covering(stage, none, covering, composite);
    checks::costly(stage, cast, covering, [partial, expression]);
    checks::pages(stage, &tried);
    stage.chart(chart(&tried));
    Ok(Seen {
        none: none.plan.buffers(),
        covering: covering.plan.buffers(),
        extra_wal: covering.wal.saturating_sub(none.wal),
    })
}

/// The switch that leaves the table without the index.
pub(crate) const INDEX_DROPPED: &str = "index-dropped";

/// The index that stays is made once, when its turn comes; every other one stands in for it in a
/// trial.
fn try_out(
    stage: &Stage,
    connection: &mut PgConnection,
    variant: &Variant,
) -> Result<Tried, Failure> {
    let dropped = stage.switch(INDEX_DROPPED) && variant.index == Some(COVERING);
    let variant = &Variant { index: variant.index.filter(|_| !dropped), ..*variant };
    let wal = price::wal_per_insert(connection, variant.index.as_slice())?;
    if variant.index == Some(COVERING) {
        if !index_exists(connection, COVERING)? {
            connection.batch_execute(&COVERING.create("orders"))?;
        }
        return measure(stage, connection, variant, wal);
    }
    tried(connection, |connection| {
        connection.batch_execute(&COVERING.drop())?;
        if let Some(index) = variant.index {
            connection.batch_execute(&index.create("orders"))?;
        }
        measure(stage, connection, variant, wal)
    })
}

fn measure(
    stage: &Stage,
    connection: &mut PgConnection,
    variant: &Variant,
    wal: u64,
) -> Result<Tried, Failure> {
    let Variant { index, statement, .. } = *variant;
    // The first one also reads the catalog.
    let page = open_orders(connection, statement, SELLER)?;
    let plan = plan(connection, statement, SELLER)?;
    let times = times(stage, || {
        open_orders(connection, statement, SELLER)?;
        Ok(())
    })?;
    let index_bytes = match index {
        Some(index) => number(connection, &format!("pg_relation_size('{}')", index.name))?,
        None => 0,
    };
    Ok(Tried { plan, page, times, index_bytes, wal })
}

fn index_exists(connection: &mut PgConnection, index: Index) -> QueryResult<bool> {
    let count = format!("SELECT count(*) FROM pg_class WHERE relname = '{}'", index.name);
    Ok(number(connection, &count)? > 0)
}

fn add_rung(ladder: &Ladder<'_>, variant: &Variant, tried: &Tried) {
    ladder.rung(
        variant.kind,
        variant.name,
        vec![
            Quantity::count(tried.plan.buffers()).into(),
            Quantity::count(tried.plan.rows_read()).into(),
            variant
                .index
                .map_or_else(|| "none".into(), |_| Quantity::bytes(tried.index_bytes).into()),
            Quantity::bytes(tried.wal).into(),
            Cell::times(&tried.times),
        ],
    );
}

/// What the README quotes; the ladder has the rest.
fn record(stage: &Stage, tried: &[Tried]) {
    for (Variant { id, name, .. }, one) in VARIANTS.iter().zip(tried) {
        let buffers = Quantity::buffers(one.plan.buffers());
        stage.measure(&format!("buffers-{id}"), format!("a page: {name}"), buffers);
        if ["covering", "partial"].contains(id) {
            let bytes = Quantity::bytes(one.index_bytes);
            stage.measure(&format!("size-{id}"), format!("index: {name}"), bytes);
        }
        if ["none", "covering", "partial"].contains(id) {
            let wal = Quantity::bytes(one.wal);
            stage.measure(&format!("wal-{id}"), format!("log of one insert: {name}"), wal);
        }
    }
}

fn show_beside(stage: &Stage, left: (&str, &Tried), right: (&str, &Tried)) {
    let title = format!("{} beside {}", left.0, right.0);
    stage.plan(title, beside((left.0, &left.1.plan), (right.0, &right.1.plan)));
}

fn chart(tried: &[Tried]) -> Chart {
    let bars = VARIANTS.iter().zip(tried).map(|(variant, tried)| Bar {
        label: variant.name.to_owned(),
        value: Quantity::buffers(tried.plan.buffers()).value,
        spread: None,
        rung: Some(variant.kind),
    });
    Chart {
        id: "buffers".to_owned(),
        title: "Buffers read for one page of the dashboard".to_owned(),
        axis: "buffers of 8 KiB".to_owned(),
        unit: Unit::Buffers,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: true },
    }
}
