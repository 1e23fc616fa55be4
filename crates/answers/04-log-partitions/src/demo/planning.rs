//! What many partitions cost before the first row is read.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use evidence::{Cell, Failure, Ladder, Outcome, Quantity, RungKind, Stage};
use foundation::scratch::number;

use super::fill::partition_of;
use super::observe::planning_times;
use crate::month::Month;
use crate::tempting::DECEMBER_BY_FUNCTION;

const DECEMBER: &str = "logged_at >= '2025-12-01' AND logged_at < '2026-01-01'";

/// The sizes that are compared: a year, and twenty years.
const FEW: u32 = 12;
const MANY: u32 = 240;

/// What planning and starting one statement took.
struct Planned {
    /// Tables locked, the partitioned one included.
    locked: u64,
    times: Vec<Duration>,
}

/// Plans one query over 12 and over 240 partitions. They are empty: planning looks at no row.
pub(super) fn climb(stage: &Stage, connection: &mut PgConnection) -> Outcome {
    stage.step("Plan a query over 12 and over 240 partitions");
    for partitions in [FEW, MANY] {
        make(stage, connection, partitions)?;
    }
    let count = |partitions: u32, month: &str| {
        format!("SELECT count(*) FROM planned_{partitions} WHERE {month}")
    };
    // A generic plan is made without the values; PostgreSQL falls back to it by itself after five
    // executions, when it thinks that planning costs more than it saves.
    connection.batch_execute(&format!(
        "SET plan_cache_mode = force_generic_plan;
         PREPARE generic (timestamptz, timestamptz) AS {}",
        count(MANY, "logged_at >= $1 AND logged_at < $2")
    ))?;
    let ladder = stage.ladder("one month's query, planned", &["tables locked", "planning"]);
    let mut rung = |kind, name, statement: &str| {
        take_rung(stage, &ladder, connection, (kind, name), statement)
    };
    let hidden = count(MANY, DECEMBER_BY_FUNCTION);
    let hidden = rung(RungKind::Wrong, "240 partitions, key in a function", &hidden)?;
    let execute = "EXECUTE generic ('2025-12-01', '2026-01-01')";
    let generic = rung(RungKind::Tempting, "240 partitions, prepared, generic plan", execute)?;
    let few = rung(RungKind::Right, "12 partitions, range", &count(FEW, DECEMBER))?;
    let many = rung(RungKind::Costly, "240 partitions, range", &count(MANY, DECEMBER))?;
    for (id, label, planned) in [
        ("hidden-240", "240 partitions, key in a function", &hidden),
        ("generic-240", "240 partitions, prepared, generic plan", &generic),
        ("range-240", "240 partitions, range", &many),
    ] {
        let locked = Quantity::count(planned.locked);
        stage.measure(&format!("locks-{id}"), format!("tables locked: {label}"), locked);
        let times = &planned.times;
        stage.measure_times(&format!("planning-{id}"), format!("planning: {label}"), times);
    }
    let [hidden, few, many] = [hidden.locked, few.locked, many.locked];
    stage.check(
        "pruning-locks-one-partition-of-any-number",
        format!("with the range in sight {few} tables are locked of 12 partitions, {many} of 240"),
        (few, many) == (2, 2),
    );
    stage.check(
        "hidden-key-locks-every-partition",
        format!("with the key in a function {hidden} tables are locked of 240 partitions"),
        hidden == u64::from(MANY) + 1,
    );
    stage.note(
        "A backend has 16 quick slots for locks of this kind up to PostgreSQL 17; the 17th table \
         goes through the lock table that all backends share.",
    );
    Ok(())
}

/// Partitions for that many months, the last of which is December 2025.
fn make(stage: &Stage, connection: &mut PgConnection, partitions: u32) -> Outcome {
    let table = format!("planned_{partitions}");
    connection.batch_execute(&format!(
        "CREATE TABLE {table} (LIKE log_entries) PARTITION BY RANGE (logged_at)"
    ))?;
    let january_2026 = Month::of("2026-01-01T00:00:00Z".parse()?);
    for back in 1..=partitions {
        stage.go_on()?;
        let month = january_2026.before(back);
        let day = |instant: chrono::DateTime<chrono::Utc>| instant.format("%Y-%m-%d").to_string();
        let (from, to) = (day(month.start()), day(month.end()));
        connection.batch_execute(&partition_of(&table, &from, &to))?;
    }
    Ok(())
}

fn take_rung(
    stage: &Stage,
    ladder: &Ladder<'_>,
    connection: &mut PgConnection,
    (kind, name): (RungKind, &str),
    statement: &str,
) -> Result<Planned, Failure> {
    stage.go_on()?;
    let times = planning_times(connection, statement)?;
    let locked = connection.transaction(|connection| {
        connection.batch_execute(statement)?;
        number(
            connection,
            "SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation
             WHERE pid = pg_backend_pid() AND locktype = 'relation'
               AND relname LIKE 'planned\\_%'",
        )
    })?;
    ladder.rung(kind, name, vec![Quantity::count(locked).into(), Cell::times(&times)]);
    Ok(Planned { locked, times })
}
