//! When an index is the wrong answer.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use evidence::{Failure, Outcome, Quantity, Stage};
use foundation::explain::{PlanTree, plan_of};
use foundation::scratch::number;

use super::observe::tried;

/// Most orders are delivered, so nearly every page of the table holds one.
const MOST_ORDERS: &str = "SELECT sum(total_cents) FROM orders WHERE status = 'delivered'";
/// One row of a table that fits in a page.
const ONE_RATE: &str = "SELECT percent FROM shipping_rates WHERE country = 'c7'";
/// Orders whose status changes.
const CHANGED: u64 = 1_000;

/// Low selectivity, a tiny table, and a column that changes all the time.
pub(super) fn show(stage: &Stage, connection: &mut PgConnection) -> Outcome {
    stage.step("When this answer is wrong");
    low_selectivity(stage, connection)?;
    stage.go_on()?;
    tiny_table(stage, connection)?;
    stage.go_on()?;
    changing_column(stage, connection)
}

fn low_selectivity(stage: &Stage, connection: &mut PgConnection) -> Outcome {
    let (chosen, forced) = tried(connection, |connection| {
        connection.batch_execute("CREATE INDEX orders_status ON orders (status)")?;
        chosen_and_forced(connection, MOST_ORDERS)
    })?;
    let whole = chosen.relations_scanned_whole().contains("orders");
    stage.check(
        "planner-ignores-an-index-that-finds-most-rows",
        format!(
            "the planner reads the table ({}) although there is an index on the status, and with \
             the index forced it would be {}",
            Quantity::buffers(chosen.buffers()),
            Quantity::buffers(forced.buffers()),
        ),
        whole
            && forced.indexes_used().contains("orders_status")
            && forced.buffers() > chosen.buffers(),
    );
    Ok(())
}

fn tiny_table(stage: &Stage, connection: &mut PgConnection) -> Outcome {
    connection.batch_execute(
        "CREATE TABLE shipping_rates (country text PRIMARY KEY, percent integer NOT NULL);
         INSERT INTO shipping_rates SELECT 'c' || n, n FROM generate_series(1, 40) AS n;
         ANALYZE shipping_rates",
    )?;
    let (chosen, forced) = chosen_and_forced(connection, ONE_RATE)?;
    stage.check(
        "planner-ignores-the-index-of-a-tiny-table",
        format!(
            "buffers for one of 40 rows: {} by reading them all, {} by the primary key",
            chosen.buffers(),
            forced.buffers(),
        ),
        chosen.indexes_used().is_empty()
            && forced.indexes_used().contains("shipping_rates_pkey")
            && forced.buffers() > chosen.buffers(),
    );
    Ok(())
}

/// What the planner does by itself, and what it does when it may not read the whole table.
fn chosen_and_forced(
    connection: &mut PgConnection,
    query: &str,
) -> Result<(PlanTree, PlanTree), Failure> {
    let plan = |connection: &mut PgConnection| -> QueryResult<PlanTree> {
        plan_of(connection, diesel::sql_query(query))?; // The first one also reads the catalog.
        plan_of(connection, diesel::sql_query(query))
    };
    let chosen = plan(connection)?;
    connection.batch_execute("SET enable_seqscan = off")?;
    let forced = plan(connection)?;
    connection.batch_execute("RESET enable_seqscan")?;
    Ok((chosen, forced))
}

/// An update that changes no indexed column stays on its page and touches no index (heap-only
/// tuple). An index on the column that changes most ends that, and a partial one by it as well.
fn changing_column(stage: &Stage, connection: &mut PgConnection) -> Outcome {
    connection.batch_execute(&format!(
        "CREATE TABLE parcels WITH (autovacuum_enabled = off, fillfactor = 45) AS
             SELECT id, status FROM orders ORDER BY id LIMIT {CHANGED};
         CREATE INDEX parcels_id ON parcels (id)"
    ))?;
    let without = heap_only_updates(connection, None)?;
    let index = "CREATE INDEX parcels_status ON parcels (status)";
    let with = heap_only_updates(connection, Some(index))?;
    let partial = "CREATE INDEX parcels_open ON parcels (id) WHERE status = 'open'";
    let with_partial = heap_only_updates(connection, Some(partial))?;
    stage.measure("hot-without", "heap-only updates, status not indexed", Quantity::count(without));
    stage.measure("hot-with", "heap-only updates, status indexed", Quantity::count(with));
    stage.check(
        "index-on-a-changing-column-ends-heap-only-updates",
        format!(
            "of {CHANGED} changes of status {without} touch no index; with an index on the status \
             {with}, with a partial one {with_partial}"
        ),
        (without, with, with_partial) == (CHANGED, 0, 0),
    );
    Ok(())
}

fn heap_only_updates(connection: &mut PgConnection, index: Option<&str>) -> Result<u64, Failure> {
    tried(connection, |connection| {
        if let Some(index) = index {
            connection.batch_execute(index)?;
        }
        let counted = "pg_stat_get_xact_tuples_hot_updated('parcels'::regclass)";
        let before = number(connection, counted)?;
        connection.batch_execute(
            "UPDATE parcels SET status = CASE status WHEN 'open' THEN 'shipped' ELSE 'open' END::order_status",
        )?;
        Ok(number(connection, counted)? - before)
    })
}
