//! Which statement to look at: the one that takes most in total, not the slowest call.

use std::fmt::Write as _;

use diesel::prelude::*;
use diesel::sql_types::Integer;
use evidence::{Failure, Outcome, Quantity, Stage};
use foundation::explain::plan_of;

use crate::dashboard::OPEN_ORDERS;
use crate::statements::{BY_BUFFERS, Spent, spent};

/// One order, by its number; `$1` is the number.
const ORDER: &str = "SELECT total_cents, status::text FROM orders WHERE id = $1";
/// The slowest single statement of the day: it reads the table once for the mean and once for the
/// months. `$1` only makes it take a parameter as the others do.
const REPORT: &str = "\
SELECT date_trunc('month', created_at) AS month, sum(total_cents)
FROM orders WHERE id >= $1 AND total_cents > (SELECT avg(total_cents) FROM orders)
GROUP BY month";

/// What the application asks in this short while, and how often.
const WORKLOAD: [(&str, u32); 3] = [(REPORT, 1), (ORDER, 300), (OPEN_ORDERS, 10)];

/// Runs the workload and ranks its statements.
pub(super) fn find(stage: &Stage, connection: &mut PgConnection) -> Outcome {
    stage.step("Find the offender: what takes most in total");
    // Created before the workload where possible; it counts from when the server was started.
    let counted_by_server = spent(connection).is_some();
    for (statement, calls) in WORKLOAD {
        for call in 1..=calls {
            stage.go_on()?;
            let query = diesel::sql_query(statement).bind::<Integer, _>(i32::try_from(call)?);
            query.execute(connection)?;
        }
    }
    let (source, ranked) = match spent(connection) {
        Some(ranked) if counted_by_server => (BY_BUFFERS, ranked),
        _ => {
            stage.note(
                "This server has no pg_stat_statements (shared_preload_libraries and CREATE \
                 EXTENSION), so the demo adds up what EXPLAIN says about its own statements.",
            );
            ("buffers of each statement's plan × its calls", count_ourselves(connection)?)
        }
    };
    stage.code("Statements by buffers in total", format!("{source}\n\n{}", table(&ranked)));
    let Some(first) = ranked.first() else { return Err("no statement was counted".into()) };
    let slowest = ranked.iter().max_by_key(|spent| spent.buffers / spent.calls.max(1));
    let Some(slowest) = slowest else { return Err("no statement was counted".into()) };
    stage.check(
        "offender-is-the-statement-with-the-largest-total",
        format!(
            "in this workload {} calls of the dashboard touch {}; the report, which takes most by \
             the call, {}",
            first.calls,
            buffers(first.buffers),
            buffers(slowest.buffers)
        ),
        first.query.contains("seller_id")
            && slowest.query.contains("date_trunc")
            && first.buffers > 2 * slowest.buffers,
    );
    Ok(())
}

/// The same table without the extension: one plan for each statement, times its calls.
fn count_ourselves(connection: &mut PgConnection) -> Result<Vec<Spent>, Failure> {
    let mut ranked = Vec::new();
    for (statement, calls) in WORKLOAD {
        let plan = plan_of(connection, diesel::sql_query(statement).bind::<Integer, _>(1))?;
        ranked.push(Spent {
            query: statement.to_owned(),
            calls: i64::from(calls),
            buffers: plan.buffers().cast_signed() * i64::from(calls),
            mean_ms: None,
        });
    }
    ranked.sort_by_key(|spent| std::cmp::Reverse(spent.buffers));
    Ok(ranked)
}

fn buffers(count: i64) -> Quantity {
    Quantity::buffers(count.unsigned_abs())
}

fn table(ranked: &[Spent]) -> String {
    let mut text = format!("{:>10} {:>6} {:>9}  statement\n", "buffers", "calls", "mean");
    for Spent { query, calls, buffers, mean_ms } in ranked {
        let mean = mean_ms.map_or("–".to_owned(), |mean| format!("{mean:.2} ms"));
        let buffers = Quantity::count(buffers.unsigned_abs());
        let _ = writeln!(text, "{buffers:>10} {calls:>6} {mean:>9}  {}", shortened(query));
    }
    text
}

/// A statement in one line, without what it selects.
fn shortened(query: &str) -> String {
    let line = query.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = match line.split_once(" FROM ") {
        Some((_, rest)) => format!("SELECT … FROM {rest}"),
        None => line,
    };
    line.chars().take(44).collect()
}
