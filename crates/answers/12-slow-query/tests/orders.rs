//! The orders are skewed as real ones are, and the same in every run.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use slow_query::orders::{BIGGEST_SELLER, SELLER, SELLERS, Year, copy, create, finish};
use support::{empty, filled};

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Digest {
    #[diesel(sql_type = Text)]
    digest: String,
}

fn number(connection: &mut PgConnection, expression: &str) -> i64 {
    let query = diesel::sql_query(format!("SELECT ({expression})::bigint AS number FROM orders"));
    query.get_result::<Number>(connection).unwrap().number
}

fn digest(connection: &mut PgConnection) -> String {
    let query = "SELECT md5(string_agg(orders::text, '\n' ORDER BY id)) AS digest FROM orders";
    diesel::sql_query(query).get_result::<Digest>(connection).unwrap().digest
}

#[test]
fn few_sellers_take_most_orders_and_one_order_in_ten_is_open() {
    let (_scratch, mut connection) = filled(50_000);
    assert_eq!(number(&mut connection, "count(*)"), 50_000);
    let mut of =
        |condition: &str| number(&mut connection, &format!("count(*) FILTER (WHERE {condition})"));
    let biggest = of(&format!("seller_id = {BIGGEST_SELLER}"));
    assert!((3_500..=4_500).contains(&biggest), "{biggest}");
    let ours = of(&format!("seller_id = {SELLER}"));
    assert!((150..=400).contains(&ours), "{ours}");
    let open = of("status = 'open'");
    assert!((4_700..=5_300).contains(&open), "{open}");
    assert_eq!(of(&format!("seller_id NOT BETWEEN 1 AND {SELLERS}")), 0);
}

#[test]
fn orders_are_numbered_in_the_order_of_their_time_and_no_two_share_one() {
    let (_scratch, mut connection) = filled(20_000);
    assert_eq!(number(&mut connection, "count(DISTINCT created_at)"), 20_000);
    assert_eq!(number(&mut connection, "max(id)"), 20_000);
    let late = "count(*) FILTER (WHERE created_at < '2025-01-01' OR created_at >= '2026-01-01')";
    assert_eq!(number(&mut connection, late), 0);
    connection
        .batch_execute("CREATE VIEW neighbours AS SELECT created_at > lag(created_at) OVER (ORDER BY id) AS later FROM orders")
        .unwrap();
    assert_eq!(
        number(&mut connection, "(SELECT count(*) FROM neighbours WHERE NOT later) + 0 * count(*)"),
        0
    );
}

#[test]
fn the_same_seed_gives_the_same_orders_in_whichever_chunks_they_are_copied() {
    let (_scratch, mut one) = filled(5_000);
    let (_other_scratch, mut other) = empty();
    create(&mut other).unwrap();
    let year = Year { orders: 5_000, seed: 42 };
    for chunk in [0..1, 1..4_000, 4_000..4_000, 4_000..5_000] {
        let expected = usize::try_from(chunk.end - chunk.start).unwrap();
        assert_eq!(copy(&mut other, year, chunk).unwrap(), expected);
    }
    finish(&mut other).unwrap();
    assert_eq!(digest(&mut one), digest(&mut other));

    let (_third_scratch, mut third) = empty();
    create(&mut third).unwrap();
    copy(&mut third, Year { seed: 43, ..year }, 0..5_000).unwrap();
    assert_ne!(digest(&mut third), digest(&mut one));
}
