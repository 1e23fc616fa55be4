//! Small questions to PostgreSQL about what a statement did.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Json;
use evidence::{Failure, Stage};
use foundation::explain::plan_of;
use foundation::scratch::number;
use serde_json::Value;

use crate::plan::Plan;

/// Repeats of a timing: the fewest of which a 95 % interval of the median can be given, and one.
pub(super) const REPEATS: usize = 7;

#[derive(QueryableByName)]
struct Explained {
    #[diesel(sql_type = Json, column_name = "QUERY PLAN")]
    plan: Value,
}

/// Executes a statement and tells what it read.
pub(super) fn executed(connection: &mut PgConnection, statement: &str) -> QueryResult<Plan> {
    plan_of(connection, diesel::sql_query(statement)).map(Plan::from)
}

/// Time that planning a statement takes, without executing it.
pub(super) fn planning_times(
    connection: &mut PgConnection,
    statement: &str,
) -> QueryResult<Vec<Duration>> {
    let explain = format!("EXPLAIN (SUMMARY, FORMAT JSON) {statement}");
    let mut plan = || -> QueryResult<Value> {
        Ok(diesel::sql_query(&explain).get_result::<Explained>(connection)?.plan)
    };
    plan()?; // The first one fills the caches of this connection.
    let milliseconds = |plan: Value| plan[0]["Planning Time"].as_f64().unwrap_or(0.0);
    let times = (0..REPEATS).map(|_| Ok(Duration::from_secs_f64(milliseconds(plan()?) / 1e3)));
    times.collect()
}

/// Repeated wall-clock times of a statement.
pub(super) fn times(
    stage: &Stage,
    connection: &mut PgConnection,
    statement: &str,
) -> Result<Vec<Duration>, Failure> {
    let mut times = Vec::with_capacity(REPEATS);
    for _ in 0..REPEATS {
        stage.go_on()?;
        let began = Instant::now();
        connection.batch_execute(statement)?;
        times.push(began.elapsed());
    }
    Ok(times)
}

/// Bytes of write-ahead log that a statement causes on the whole server.
pub(super) fn wal_of(connection: &mut PgConnection, statement: &str) -> QueryResult<u64> {
    let position = "pg_current_wal_insert_lsn() - '0/0'";
    let before = number(connection, position)?;
    connection.batch_execute(statement)?;
    Ok(number(connection, position)? - before)
}
