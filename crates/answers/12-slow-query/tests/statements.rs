//! What `pg_stat_statements` tells, and what happens without it.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer};
use slow_query::statements::spent;
use support::{empty, filled};

#[derive(QueryableByName)]
struct Flag {
    #[diesel(sql_type = Bool)]
    flag: bool,
}

/// A server that `DATABASE_URL` names may not have it; the private one does.
fn is_preloaded(connection: &mut PgConnection) -> bool {
    let query =
        "SELECT current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%' AS flag";
    diesel::sql_query(query).get_result::<Flag>(connection).unwrap().flag
}

#[test]
fn many_calls_of_one_statement_are_one_line_ranked_by_its_buffers_in_total() {
    let (_scratch, mut connection) = filled(5_000);
    if !is_preloaded(&mut connection) {
        assert_eq!(spent(&mut connection), None);
        return;
    }
    let by_buyer = "SELECT id FROM orders WHERE buyer_id = $1";
    let by_id = "SELECT buyer_id FROM orders WHERE id = $1";
    for (statement, calls) in [(by_buyer, 5), (by_id, 50)] {
        for call in 1..=calls {
            let query = diesel::sql_query(statement).bind::<Integer, _>(call);
            query.execute(&mut connection).unwrap();
        }
    }
    let ranked = spent(&mut connection).unwrap();
    assert_eq!((ranked[0].query.as_str(), ranked[0].calls), (by_buyer, 5));
    let looked_up = ranked.iter().find(|spent| spent.query == by_id).unwrap();
    assert_eq!(looked_up.calls, 50);
    assert!(looked_up.buffers >= 50 && looked_up.buffers < ranked[0].buffers, "{ranked:#?}");
    assert!(ranked.iter().all(|spent| spent.mean_ms.is_some()), "{ranked:#?}");
}

#[test]
fn a_role_that_may_not_create_the_extension_is_told_nothing_and_can_go_on() {
    let (_scratch, mut connection) = empty();
    // A role that every PostgreSQL has, and that may create nothing.
    connection.batch_execute("SET ROLE pg_monitor").unwrap();
    assert_eq!(spent(&mut connection), None);
    connection.batch_execute("SELECT 1").unwrap();
}
