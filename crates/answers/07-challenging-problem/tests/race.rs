//! Each attempt's claim, in the race that is arranged: PostgreSQL, Redis and twenty connections.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use challenging_problem::attempts::{ATTEMPTS, Attempt, conditional_update, named};
use challenging_problem::race::{Arrangement, CONNECTIONS, Hall, Race, Seen, Services};
use challenging_problem::store;
use challenging_problem::till::{Buyer, Died, Gap, Sale, Till, Trouble};
use evidence::RungKind;
use local_services::Purpose;

const TWENTY: u32 = CONNECTIONS as u32;

/// Without Redis these tests fail and say how to install it, instead of passing over it.
fn services() -> Services {
    let services = Services::open(Purpose::Test).unwrap();
    if let Some(missing) = services.without_redis() {
        panic!("{missing}");
    }
    services
}

/// A hundred units and five hundred buyers.
fn question(attempt: &Attempt, arrangement: Arrangement) -> Race {
    Race {
        buy: attempt.buy,
        counts_in_redis: attempt.counts_in_redis,
        stock: 100,
        buyers: 500,
        products: 1,
        arrangement,
    }
}

fn all_meet(id: &str) -> Seen {
    let services = services();
    let mut hall = Hall::open(&services).unwrap();
    hall.run(&question(named(id), Arrangement::AllMeet)).unwrap()
}

fn sells_exactly_the_stock(id: &str) -> Seen {
    let seen = all_meet(id);
    let books = (seen.sold, seen.left, seen.told_sold, seen.sold_out, seen.errors);
    assert_eq!(books, (100, 0, 100, 400, 0), "{:?}", seen.first_error);
    assert!(seen.is_balanced());
    seen
}

fn right() -> impl Iterator<Item = &'static Attempt> {
    let right = |kind| matches!(kind, RungKind::Right | RungKind::Costly);
    ATTEMPTS.into_iter().filter(move |attempt| right(attempt.kind))
}

#[test]
fn read_then_write_sells_five_hundred_of_a_hundred_units_and_nothing_complains() {
    let seen = all_meet("read-then-write");
    assert_eq!((seen.sold, seen.told_sold, seen.errors), (500, 500, 0));
    assert_eq!(seen.left, 75, "a round of twenty takes one unit off");
    assert!(!seen.is_balanced());
}

#[test]
fn repeatable_read_lets_one_buyer_of_each_round_through_and_fails_the_others() {
    let seen = all_meet("repeatable-read");
    assert_eq!((seen.sold, seen.left, seen.errors), (25, 75, 475));
    assert!(seen.is_balanced(), "so the books do not show it");
    assert!(seen.first_error.unwrap().contains("could not serialize access"));
}

#[test]
fn repeatable_read_with_retry_sells_exactly_the_stock_and_begins_again_for_each_collision() {
    let seen = sells_exactly_the_stock("retry");
    // Five rounds of twenty, in each 19 + 18 + … + 1.
    assert_eq!(seen.retries, 5 * 190);
}

#[test]
fn select_for_update_sells_exactly_the_stock() {
    let seen = sells_exactly_the_stock("for-update");
    assert_eq!(seen.statements, 100 * 5 + 400 * 3);
}

#[test]
fn the_conditional_update_sells_exactly_the_stock() {
    let seen = sells_exactly_the_stock("conditional");
    assert_eq!(seen.statements, 100 * 4 + 400 * 3);
}

#[test]
fn an_advisory_lock_sells_exactly_the_stock() {
    let seen = sells_exactly_the_stock("advisory");
    assert_eq!(seen.statements, 100 * 6 + 400 * 4);
}

#[test]
fn a_counter_in_redis_sells_exactly_the_stock_and_keeps_latecomers_off_the_database() {
    let seen = sells_exactly_the_stock("redis");
    assert_eq!(seen.statements, 100, "one INSERT for each order");
}

#[test]
fn one_statement_sells_exactly_the_stock_too() {
    let services = services();
    let mut hall = Hall::open(&services).unwrap();
    let race = Race {
        buy: conditional_update::buy_in_one_statement,
        ..question(named("conditional"), Arrangement::AsItComes)
    };
    let seen = hall.run(&race).unwrap();
    assert!(seen.sold_exactly_the_stock(), "{seen:?}");
    assert_eq!(seen.statements, 500);
}

#[test]
fn right_attempts_sell_exactly_the_stock_when_nothing_is_arranged() {
    let services = services();
    let mut hall = Hall::open(&services).unwrap();
    for attempt in right() {
        let seen = hall.run(&question(attempt, Arrangement::AsItComes)).unwrap();
        assert!(seen.sold_exactly_the_stock(), "{}: {seen:?}", attempt.id);
    }
}

#[test]
fn a_process_that_dies_in_a_transaction_takes_no_unit_along() {
    let services = services();
    let mut hall = Hall::open(&services).unwrap();
    for attempt in right().filter(|attempt| !attempt.counts_in_redis) {
        let seen = hall.run(&question(attempt, Arrangement::Die(10))).unwrap();
        let books = (seen.died, seen.sold, seen.left, seen.errors);
        assert_eq!(books, (10, 100, 0, 0), "{}: {:?}", attempt.id, seen.first_error);
    }
}

#[test]
fn a_process_that_dies_after_the_counter_takes_its_unit_along() {
    let services = services();
    let mut hall = Hall::open(&services).unwrap();
    let seen = hall.run(&question(named("redis"), Arrangement::Die(10))).unwrap();
    assert_eq!((seen.died, seen.sold, seen.left), (10, 90, 0), "ten units are nowhere");
    assert!(!seen.is_balanced());
    assert_eq!(seen.sold_out, 400, "who could have had them was sent away");
}

#[test]
fn while_a_buyer_under_a_lock_hesitates_nobody_else_is_served() {
    let services = services();
    let mut hall = Hall::open(&services).unwrap();
    for id in ["for-update", "conditional", "advisory"] {
        let race = Race { buyers: TWENTY, ..question(named(id), Arrangement::OneHesitates) };
        let seen = hall.run(&race).unwrap();
        assert_eq!((seen.passed_by, seen.sold, seen.left), (0, 20, 80), "{id}");
    }
}

#[test]
fn a_buyer_without_a_lock_who_hesitates_is_passed_by_all_others() {
    let services = services();
    let mut hall = Hall::open(&services).unwrap();
    for id in ["retry", "redis"] {
        let race = Race { buyers: TWENTY, ..question(named(id), Arrangement::OneHesitates) };
        let seen = hall.run(&race).unwrap();
        assert_eq!((seen.passed_by, seen.sold, seen.left), (19, 20, 80), "{id}");
    }
}

#[test]
fn buyers_of_different_products_never_begin_again() {
    let services = services();
    let mut hall = Hall::open(&services).unwrap();
    let each = Race {
        stock: 5,
        buyers: 100,
        products: TWENTY,
        ..question(named("retry"), Arrangement::AllMeet)
    };
    let seen = hall.run(&each).unwrap();
    assert!(seen.sold_exactly_the_stock(), "{seen:?}");
    assert_eq!((seen.sold, seen.retries), (100, 0));
}

/// The advisory lock, one isolation level up.
fn lock_under_repeatable_read(
    till: &mut Till,
    buyer: Buyer,
    gap: &dyn Gap,
) -> Result<Sale, Trouble> {
    till.database.build_transaction().repeatable_read().run(|connection| {
        store::lock_sale(connection, buyer.product)?;
        let units = store::units(connection, buyer.product)?;
        gap.pause()?;
        store::write_units(connection, buyer.product, units - 1)?;
        store::insert_order(connection, buyer)?;
        Ok(Sale::Sold)
    })
}

#[test]
fn an_advisory_lock_under_repeatable_read_has_its_snapshot_before_it_waits() {
    let services = services();
    let mut hall = Hall::open(&services).unwrap();
    let race = Race {
        buy: lock_under_repeatable_read,
        ..question(named("advisory"), Arrangement::AllMeet)
    };
    let seen = hall.run(&race).unwrap();
    assert_eq!((seen.sold, seen.errors), (25, 475), "as if there were no lock");
}

struct NoGap;

impl Gap for NoGap {
    fn pause(&self) -> Result<(), Died> {
        Ok(())
    }
}

#[test]
fn without_redis_the_counter_says_so_and_sells_nothing() {
    let services = services();
    let mut till = services.till().unwrap();
    till.stock_up(1, 1).unwrap();
    till.counter = None;
    let outcome = (named("redis").buy)(&mut till, Buyer { number: 0, product: 0 }, &NoGap);
    assert!(matches!(outcome, Err(Trouble::NoCounter)), "{outcome:?}");
    assert_eq!(till.books(false).unwrap(), (1, 0));
}

#[test]
fn the_check_refuses_a_negative_stock_and_that_is_all_it_does() {
    let services = services();
    let mut till = services.till().unwrap();
    till.stock_up(1, 1).unwrap();
    let refused = store::write_units(&mut till.database, 0, -1).unwrap_err();
    assert!(refused.to_string().contains("sale_stock_units_check"), "{refused}");
    let [one, other] = [0, 1].map(|number| Buyer { number, product: 0 });
    for buyer in [one, other] {
        store::write_units(&mut till.database, 0, 0).unwrap();
        store::insert_order(&mut till.database, buyer).unwrap();
    }
    assert_eq!(till.books(false).unwrap(), (0, 2), "two orders for one unit, and the CHECK holds");
}

#[test]
fn two_sales_do_not_share_a_counter() {
    let (one, other) = (services(), services());
    let (mut one, mut other) = (one.till().unwrap(), other.till().unwrap());
    one.stock_up(1, 3).unwrap();
    other.stock_up(1, 5).unwrap();
    assert!(one.counter.as_mut().unwrap().take().unwrap());
    let left = [&mut one, &mut other].map(|till| till.books(true).unwrap().0);
    assert_eq!(left, [2, 5]);
}
