//! The count beside the table is right whatever is done to the orders, and by whom.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::sync::Barrier;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use slow_query::counter::{install, remove};
use support::filled;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn number(connection: &mut PgConnection, query: &str) -> i64 {
    let query = diesel::sql_query(format!("SELECT ({query})::bigint AS number"));
    query.get_result::<Number>(connection).unwrap().number
}

/// Sellers whose kept count is not what counting gives.
fn wrong_counts(connection: &mut PgConnection) -> i64 {
    number(
        connection,
        "SELECT count(*) FROM open_order_counts FULL JOIN
             (SELECT seller_id, count(*) AS open FROM orders WHERE status = 'open' GROUP BY 1) AS counted
             USING (seller_id)
         WHERE coalesce(open_orders, 0) <> coalesce(open, 0)",
    )
}

#[test]
fn the_kept_count_follows_every_kind_of_change() {
    let (_scratch, mut connection) = filled(5_000);
    install(&mut connection).unwrap();
    assert_eq!(wrong_counts(&mut connection), 0, "after it was installed");
    let changes = [
        "INSERT INTO orders VALUES (-1, 1, 1, 1, 'open', now(), ''), (-2, 1, 1, 1, 'shipped', now(), '')",
        "INSERT INTO orders VALUES (-3, 777777, 1, 1, 'open', now(), '')",
        "UPDATE orders SET status = 'shipped' WHERE status = 'open' AND id % 2 = 0",
        "UPDATE orders SET status = 'open' WHERE status = 'returned'",
        "UPDATE orders SET total_cents = total_cents + 1",
        "UPDATE orders SET status = 'open' WHERE status = 'open'",
        "DELETE FROM orders WHERE id % 3 = 0",
        "BEGIN; DELETE FROM orders; ROLLBACK",
    ];
    for change in changes {
        connection.batch_execute(change).unwrap();
        assert_eq!(wrong_counts(&mut connection), 0, "after {change}");
    }
    let open = number(&mut connection, "SELECT sum(open_orders) FROM open_order_counts");
    assert!(open > 0, "there is something to be wrong about");
}

#[test]
fn the_kept_count_is_right_after_eight_writers_at_once() {
    let (scratch, mut connection) = filled(1_000);
    install(&mut connection).unwrap();
    let barrier = Barrier::new(8);
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let mut connection = scratch.connect().unwrap();
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                for turn in 1..=20 {
                    let id = -(writer * 100 + turn);
                    let place =
                        format!("INSERT INTO orders VALUES ({id}, 1, 1, 1, 'open', now(), '')");
                    connection.batch_execute(&place).unwrap();
                    if turn % 2 == 0 {
                        let ship = format!("UPDATE orders SET status = 'shipped' WHERE id = {id}");
                        connection.batch_execute(&ship).unwrap();
                    }
                }
            });
        }
    });
    let written = "SELECT count(*) FROM orders WHERE id < 0 AND status = 'open'";
    assert_eq!(number(&mut connection, written), 80);
    assert_eq!(wrong_counts(&mut connection), 0);
}

#[test]
fn two_transactions_that_write_orders_of_two_sellers_in_opposite_order_deadlock() {
    let (scratch, mut connection) = filled(1_000);
    install(&mut connection).unwrap();
    let barrier = Barrier::new(2);
    let write = |first: i32, second: i32| {
        let mut connection = scratch.connect().unwrap();
        let place = |seller: i32| {
            format!(
                "INSERT INTO orders VALUES (-{first}{seller}, {seller}, 1, 1, 'open', now(), '')"
            )
        };
        connection.batch_execute(&format!("BEGIN; {}", place(first))).unwrap();
        barrier.wait();
        connection.batch_execute(&format!("{}; COMMIT", place(second)))
    };
    let outcomes = std::thread::scope(|scope| {
        let one = scope.spawn(|| write(1, 2));
        let other = scope.spawn(|| write(2, 1));
        [one.join().unwrap(), other.join().unwrap()]
    });
    let failures: Vec<String> =
        outcomes.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect();
    assert_eq!(failures, ["deadlock detected"], "one of them is given up, the other goes on");
}

#[test]
fn without_its_trigger_the_kept_count_goes_wrong() {
    let (_scratch, mut connection) = filled(1_000);
    install(&mut connection).unwrap();
    connection.batch_execute("ALTER TABLE orders DISABLE TRIGGER open_order_counts").unwrap();
    connection.batch_execute("UPDATE orders SET status = 'shipped' WHERE status = 'open'").unwrap();
    assert!(wrong_counts(&mut connection) > 0, "the comparison can see a wrong count");
}

#[test]
fn what_was_installed_can_be_removed_and_installed_again() {
    let (_scratch, mut connection) = filled(1_000);
    install(&mut connection).unwrap();
    remove(&mut connection).unwrap();
    connection.batch_execute("DELETE FROM orders WHERE status = 'open'").unwrap();
    install(&mut connection).unwrap();
    assert_eq!(number(&mut connection, "SELECT count(*) FROM open_order_counts"), 0);
}
