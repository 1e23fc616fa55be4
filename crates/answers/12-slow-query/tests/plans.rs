//! The hot query keeps its plan, and the guard says so when it does not.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use foundation::explain::{PlanGuard, PlanTree};
use slow_query::beside::beside;
use slow_query::dashboard::{OPEN_ORDERS, open_orders, plan, rules};
use slow_query::index::{COMPOSITE, COVERING, EXPRESSION, Index, PARTIAL};
use slow_query::orders::SELLER;
use slow_query::tempting::{OPEN_ORDERS_BY_TEXT, SINGLE, WRONG_ORDER};
use support::filled;

/// The plan of the page with this index alone.
fn plan_with(connection: &mut PgConnection, index: Option<Index>, statement: &str) -> PlanTree {
    if let Some(index) = index {
        connection.batch_execute(&index.create("orders")).unwrap();
    }
    open_orders(connection, statement, SELLER).unwrap();
    plan(connection, statement, SELLER).unwrap()
}

#[test]
fn a_page_is_read_from_the_covering_index_alone() {
    let (_scratch, mut connection) = filled(60_000);
    let plan = plan_with(&mut connection, Some(COVERING), OPEN_ORDERS);
    PlanGuard::of(&plan)
        .keeps(&rules())
        .no_seq_scan("orders")
        .no_sort()
        .uses_index("orders_open")
        .at_most_buffers(12);
    let fetched: u64 = plan.nodes().iter().map(|(_, node)| node.heap_fetches).sum();
    assert_eq!(fetched, 0, "{}", plan.text());
}

#[test]
#[should_panic(expected = "the plan degraded: orders is read from end to end; the rows do not \
                           come in order: Sort; the index orders_open is not used;")]
fn the_guard_fails_once_the_index_is_dropped() {
    let (_scratch, mut connection) = filled(60_000);
    plan_with(&mut connection, Some(COVERING), OPEN_ORDERS);
    connection.batch_execute(&COVERING.drop()).unwrap();
    let plan = plan(&mut connection, OPEN_ORDERS, SELLER).unwrap();
    PlanGuard::of(&plan).keeps(&rules());
}

#[test]
#[should_panic(expected = "the plan degraded:")]
fn the_guard_fails_once_the_columns_of_the_index_change_places() {
    let (_scratch, mut connection) = filled(60_000);
    let plan = plan_with(&mut connection, Some(WRONG_ORDER), OPEN_ORDERS);
    PlanGuard::of(&plan).keeps(&rules());
}

#[test]
#[should_panic(expected = "rows are looked at, at most 20 may be")]
fn the_guard_fails_once_somebody_casts_the_column() {
    let (_scratch, mut connection) = filled(60_000);
    let plan = plan_with(&mut connection, Some(COVERING), OPEN_ORDERS_BY_TEXT);
    PlanGuard::of(&plan).at_most_rows_read(20);
}

#[test]
fn every_index_gives_the_page_that_no_index_gives() {
    let (_scratch, mut connection) = filled(60_000);
    let expected = open_orders(&mut connection, OPEN_ORDERS, SELLER).unwrap();
    assert!(!expected.is_empty());
    assert!(expected.is_sorted_by(|one, other| one.created_at > other.created_at));
    for index in [SINGLE, WRONG_ORDER, COMPOSITE, COVERING, PARTIAL, EXPRESSION] {
        connection.batch_execute(&index.create("orders")).unwrap();
        for statement in [OPEN_ORDERS, OPEN_ORDERS_BY_TEXT] {
            let page = open_orders(&mut connection, statement, SELLER).unwrap();
            assert_eq!(page, expected, "{} and {statement}", index.name);
        }
        connection.batch_execute(&index.drop()).unwrap();
    }
}

#[test]
fn two_real_plans_stand_side_by_side_in_eighty_columns() {
    let (_scratch, mut connection) = filled(60_000);
    let before = plan_with(&mut connection, None, OPEN_ORDERS);
    let after = plan_with(&mut connection, Some(COVERING), OPEN_ORDERS);
    let text = beside(("before", &before), ("after", &after));
    assert!(text.lines().all(|line| line.chars().count() <= 74), "{text}");
    assert!(text.lines().any(|line| line.contains("Seq Scan") && line.contains("≠")), "{text}");
    assert!(text.lines().any(|line| line.contains("using orders_open")), "{text}");
    assert!(text.lines().any(|line| line.contains("Sort") && line.ends_with('◂')), "{text}");
}
