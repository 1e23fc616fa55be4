//! The rule beside the query says no when the plan degrades.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use evidence::{Outcome, Stage};

use super::observe::tried;
use crate::dashboard::{OPEN_ORDERS, open_orders, plan, rules};
use crate::index::COVERING;
use crate::orders::SELLER;
use crate::tempting::OPEN_ORDERS_BY_TEXT;

/// Breaks the plan on purpose, twice, and asks the guard each time.
pub(super) fn show(stage: &Stage, connection: &mut PgConnection) -> Outcome {
    stage.step("The guard: break the plan on purpose");
    let kept = violations(connection, OPEN_ORDERS)?;
    stage.check(
        "guard-lets-the-good-plan-pass",
        format!("the plan with the covering index breaks {} rules", kept.len()),
        kept.is_empty(),
    );
    let dropped = tried(connection, |connection| {
        connection.batch_execute(&COVERING.drop())?;
        Ok(violations(connection, OPEN_ORDERS)?)
    })?;
    stage.code("The guard, after DROP INDEX", dropped.join("\n"));
    stage.check(
        "guard-fails-when-the-index-is-gone",
        format!("without the index the guard fails with {} sentences", dropped.len()),
        dropped.len() >= 3,
    );
    let rewritten = violations(connection, OPEN_ORDERS_BY_TEXT)?;
    stage.code("The guard, after somebody cast the column", rewritten.join("\n"));
    stage.check(
        "guard-fails-when-the-query-is-rewritten",
        format!("with the column cast the guard fails with {} sentences", rewritten.len()),
        !rewritten.is_empty(),
    );
    Ok(())
}

fn violations(connection: &mut PgConnection, statement: &str) -> QueryResult<Vec<String>> {
    // The first one also reads the catalog.
    open_orders(connection, statement, SELLER)?;
    Ok(rules().violations(&plan(connection, statement, SELLER)?))
}
