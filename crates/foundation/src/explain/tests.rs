use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use local_services::Purpose;
use serde_json::{Value, json};

use super::{NotAPlan, PlanGuard, PlanRules, PlanTree, plan_of};
use crate::scratch::Scratch;

diesel::table! {
    parcels (id) {
        id -> Integer,
        town -> Integer,
    }
}

/// Ten thousand parcels in a hundred towns.
fn parcels() -> (Scratch, PgConnection) {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let mut connection = scratch.connect().unwrap();
    connection
        .batch_execute(
            "CREATE TABLE parcels (id int PRIMARY KEY, town int NOT NULL);
             INSERT INTO parcels SELECT n, n % 100 FROM generate_series(1, 10000) AS n;
             CREATE INDEX parcels_town ON parcels (town)",
        )
        .unwrap();
    connection.batch_execute("VACUUM (ANALYZE) parcels").unwrap();
    (scratch, connection)
}

fn set<'a>(names: &[&'a str]) -> BTreeSet<&'a str> {
    names.iter().copied().collect()
}

fn executed(plan: &Value) -> PlanTree {
    PlanTree::from_json(&json!([{ "Plan": plan, "Planning Time": 0.5, "Execution Time": 2.0 }]))
        .unwrap()
}

fn scan(table: &str, loops: u32) -> Value {
    json!({
        "Node Type": "Seq Scan", "Relation Name": table, "Actual Loops": loops,
        "Actual Rows": 3, "Rows Removed by Filter": 7, "Shared Hit Blocks": 2,
        "Filter": "(level >= 4)",
    })
}

#[test]
fn only_scans_that_ran_count_and_rejected_rows_count_as_read() {
    let plan = executed(&json!({
        "Node Type": "Append", "Actual Loops": 1, "Actual Rows": 3,
        "Shared Hit Blocks": 4, "Shared Read Blocks": 1,
        "Plans": [scan("january", 1), scan("february", 0)],
    }));
    assert_eq!(plan.relations_read(), set(&["january"]));
    assert_eq!(plan.relations_scanned_whole(), set(&["january"]));
    assert_eq!((plan.buffers(), plan.root.own_buffers(), plan.rows_read()), (5, 1, 10));
    assert_eq!((plan.planning.as_micros(), plan.execution.as_micros()), (500, 2_000));
    assert_eq!(
        plan.text(),
        "Append (rows 3, buffers 5)\n  \
         Seq Scan on january (rows 3, buffers 2); Filter: (level >= 4)\n  \
         Seq Scan on february (never executed)\n"
    );
}

#[test]
fn rows_of_every_loop_count() {
    let plan = executed(&json!({
        "Node Type": "Nested Loop", "Actual Loops": 1, "Actual Rows": 30,
        "Plans": [scan("towns", 1), scan("parcels", 10)],
    }));
    assert_eq!(plan.rows_read(), 10 + 100);
}

#[test]
fn what_is_no_executed_plan_is_refused_instead_of_keeping_every_rule() {
    let cases = [
        json!(null),
        json!([]),
        json!([{"Plan": {}}]),
        json!([{"Plan": {"Node Type": "Result"}}]),
        json!({"Plan": {"Node Type": "Result", "Actual Loops": 1}}),
    ];
    for case in cases {
        assert_eq!(PlanTree::from_json(&case), Err(NotAPlan), "{case}");
    }
}

#[test]
fn a_typed_query_is_explained_with_its_binds() {
    let (_scratch, mut connection) = parcels();
    let query = parcels::table.filter(parcels::id.eq(77)).select(parcels::town);
    plan_of(&mut connection, query).unwrap(); // The first one also reads the catalog.
    let plan = plan_of(&mut connection, query).unwrap();
    assert_eq!(plan.indexes_used(), set(&["parcels_pkey"]));
    assert_eq!((plan.root.rows, plan.rows_read()), (1, 1));
    assert_eq!(plan.root.details, [("Index Cond", "(id = 77)".to_owned())]);
    assert!((2..=4).contains(&plan.buffers()), "{}", plan.text());
    assert_eq!(query.get_result::<i32>(&mut connection).unwrap(), 77, "still a query");
}

#[test]
fn a_statement_given_as_text_is_explained_with_its_binds() {
    let (_scratch, mut connection) = parcels();
    let query = diesel::sql_query("SELECT id FROM parcels WHERE town + 0 = $1");
    let plan = plan_of(&mut connection, query.bind::<Integer, _>(5)).unwrap();
    assert_eq!(plan.relations_scanned_whole(), set(&["parcels"]));
    assert_eq!((plan.root.rows, plan.rows_read()), (100, 10_000));
}

#[test]
fn what_a_write_logs_is_counted_once_for_the_row_and_once_for_each_index() {
    let (_scratch, mut connection) = parcels();
    let query = diesel::sql_query("INSERT INTO parcels VALUES (20001, 1)");
    let plan = plan_of(&mut connection, query).unwrap();
    assert!(plan.root.wal_records >= 3, "{} records", plan.root.wal_records);
    assert!(plan.root.wal_bytes >= 100, "{} bytes", plan.root.wal_bytes);
    assert_eq!(plan.relations_read(), set(&[]), "a table that is written was not read");
}

fn rules() -> PlanRules {
    PlanRules::default()
        .no_seq_scan("parcels")
        .no_seq_scans()
        .no_sort()
        .uses_index("parcels_pkey")
        .at_most_buffers(4)
        .at_most_rows_read(1)
}

#[test]
fn a_plan_that_keeps_every_rule_passes() {
    let (_scratch, mut connection) = parcels();
    plan_of(&mut connection, parcels::table.find(77)).unwrap(); // Also reads the catalog.
    let plan = plan_of(&mut connection, parcels::table.find(77)).unwrap();
    assert_eq!(rules().violations(&plan), Vec::<String>::new());
    PlanGuard::of(&plan).keeps(&rules()).no_seq_scan("parcels").at_most_buffers(4).no_sort();
}

#[test]
fn each_rule_that_a_plan_breaks_is_named() {
    let (_scratch, mut connection) = parcels();
    let query = parcels::table.filter((parcels::town + 0).eq(5)).order(parcels::town);
    let plan = plan_of(&mut connection, query).unwrap();
    let buffers = plan.buffers();
    assert_eq!(
        rules().violations(&plan),
        [
            "parcels is read from end to end".to_owned(),
            "read from end to end: parcels".to_owned(),
            "the rows do not come in order: Sort".to_owned(),
            "the index parcels_pkey is not used".to_owned(),
            format!("{buffers} buffers are read, at most 4 may be"),
            "10000 rows are looked at, at most 1 may be".to_owned(),
        ]
    );
}

#[test]
#[should_panic(expected = "the plan degraded: the index parcels_town is not used\nSeq Scan on")]
fn a_guard_panics_with_the_plan_once_the_index_is_gone() {
    let (_scratch, mut connection) = parcels();
    connection.batch_execute("DROP INDEX parcels_town").unwrap();
    let query = parcels::table.filter(parcels::town.eq(5));
    let plan = plan_of(&mut connection, query).unwrap();
    PlanGuard::of(&plan).uses_index("parcels_town");
}
