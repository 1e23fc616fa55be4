//! Every step makes the same report, and costs what the answer says.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use code_performance::allocations::{CountingAllocator, counted};
use code_performance::report::{Payment, digest};
use code_performance::schema::TABLES;
use code_performance::statements::Statements;
use code_performance::steps::step5_cached::Cache;
use code_performance::steps::{
    STEPS, step0_baseline, step1_one_join, step2_hash_set, step3_borrowed,
};
use code_performance::tempting::report_by_inner_join;
use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use foundation::scratch::Scratch;
use local_services::Purpose;
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

/// A database with these customers and payments.
fn database(rows: &str) -> (Scratch, PgConnection) {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let mut connection = scratch.connect().unwrap();
    connection.batch_execute(TABLES).unwrap();
    connection.batch_execute(rows).unwrap();
    (scratch, connection)
}

/// Ann's second payment is reported twice, Bob has paid as much as Ann, Cleo nothing, and Dora
/// lives elsewhere.
const FOUR_CUSTOMERS: &str = "
    INSERT INTO customers VALUES
        (1, 'C01', 'Bob'), (2, 'C01', 'Ann'), (3, 'C01', 'Cleo'), (4, 'C02', 'Dora');
    INSERT INTO payments VALUES
        (1, 2, 'a', 'card', 100), (2, 2, 'b', 'wallet', 250), (3, 1, 'c', 'card', 350),
        (4, 2, 'b', 'wallet', 250), (5, 4, 'd', 'card', 9999)";

/// Customer n has n payments of n, n − 1, … cents; n from 0 to 9.
const NONE_TO_NINE: &str = "
    INSERT INTO customers SELECT n, 'C01', 'customer ' || n FROM generate_series(0, 9) AS n;
    INSERT INTO payments
    SELECT n * 10 + m, n, 'pay_' || n || '_' || m, 'card', m
    FROM generate_series(0, 9) AS n, generate_series(1, n) AS m";

#[test]
fn every_step_counts_each_payment_once_and_keeps_who_paid_nothing() {
    let (_scratch, mut connection) = database(FOUR_CUSTOMERS);
    let expected = json!({"country": "C01", "customers": [
        {"name": "Ann", "payments": 2, "cents": 350, "largest_cents": 250, "by_card": 1},
        {"name": "Bob", "payments": 1, "cents": 350, "largest_cents": 350, "by_card": 1},
        {"name": "Cleo", "payments": 0, "cents": 0, "largest_cents": 0, "by_card": 0},
    ]});
    for step in &STEPS {
        let body = (step.handler)()(&mut connection, "C01").unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected, "{}", step.name);
    }
}

#[test]
fn every_step_gives_the_same_bytes_for_any_number_of_payments() {
    let (_scratch, mut connection) = database(NONE_TO_NINE);
    let baseline = step0_baseline::report(&mut connection, "C01").unwrap();
    let report: Value = serde_json::from_slice(&baseline).unwrap();
    let cents: Vec<i64> = report["customers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["cents"].as_i64().unwrap())
        .collect();
    assert_eq!(cents, [45, 36, 28, 21, 15, 10, 6, 3, 1, 0]);
    for step in &STEPS {
        let body = (step.handler)()(&mut connection, "C01").unwrap();
        assert_eq!(body, baseline, "{}", step.name);
    }
}

#[test]
fn a_country_without_customers_has_an_empty_report_from_every_step() {
    let (_scratch, mut connection) = database(FOUR_CUSTOMERS);
    for step in &STEPS {
        let body = (step.handler)()(&mut connection, "C99").unwrap();
        let report: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(report, json!({"country": "C99", "customers": []}), "{}", step.name);
    }
}

#[test]
fn an_inner_join_loses_who_paid_nothing_and_the_digest_tells() {
    let (_scratch, mut connection) = database(FOUR_CUSTOMERS);
    let left = step1_one_join::report(&mut connection, "C01").unwrap();
    let inner = report_by_inner_join(&mut connection, "C01").unwrap();
    let names = |body: &[u8]| {
        let report: Value = serde_json::from_slice(body).unwrap();
        let lines = report["customers"].as_array().unwrap().clone();
        lines.iter().map(|line| line["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&left), ["Ann", "Bob", "Cleo"]);
    assert_eq!(names(&inner), ["Ann", "Bob"]);
    assert_ne!(digest(&[left]), digest(&[inner]));
}

#[test]
fn digests_depend_on_order_and_on_where_a_body_ends() {
    let digest_of = |bodies: &[&str]| {
        digest(&bodies.iter().map(|body| body.as_bytes().into()).collect::<Vec<_>>())
    };
    assert_ne!(digest_of(&["a", "b"]), digest_of(&["b", "a"]));
    assert_ne!(digest_of(&["ab", ""]), digest_of(&["a", "b"]));
    assert_eq!(
        digest_of(&[]),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "SHA-256 of nothing, FIPS 180-4"
    );
}

#[test]
fn the_baseline_takes_a_statement_per_customer_and_the_others_one() {
    let (_scratch, mut connection) = database(NONE_TO_NINE);
    let statements = Statements::of(&mut connection);
    for (step, expected) in STEPS.iter().zip([11, 1, 1, 1, 1, 1, 1]) {
        let before = statements.count();
        (step.handler)()(&mut connection, "C01").unwrap();
        assert_eq!(statements.count() - before, expected, "{}", step.name);
    }
}

#[test]
fn a_cache_answers_without_a_statement_until_it_is_told_of_a_write() {
    let (_scratch, mut connection) = database(FOUR_CUSTOMERS);
    let statements = Statements::of(&mut connection);
    let mut cache = Cache::default();
    let first = cache.report(&mut connection, "C01").unwrap();
    let other = cache.report(&mut connection, "C02").unwrap();
    assert_ne!(first, other);
    connection.batch_execute("INSERT INTO payments VALUES (6, 3, 'e', 'card', 1)").unwrap();

    let asked = statements.count();
    assert_eq!(cache.report(&mut connection, "C01").unwrap(), first, "stale");
    assert_eq!(statements.count(), asked);
    cache.forget("C01");
    let fresh = cache.report(&mut connection, "C01").unwrap();
    assert_eq!(fresh, step0_baseline::report(&mut connection, "C01").unwrap());
    assert_ne!(fresh, first);
    let asked = statements.count();
    assert_eq!(cache.report(&mut connection, "C02").unwrap(), other, "still kept");
    assert_eq!(statements.count(), asked);
}

#[test]
fn borrowing_takes_at_most_half_the_allocations_and_unrolling_exactly_as_many() {
    let (_scratch, mut connection) = database(
        "INSERT INTO customers VALUES (1, 'C01', 'Ann');
         INSERT INTO payments
         SELECT n, 1, 'pay_' || n, 'card', n FROM generate_series(1, 500) AS n",
    );
    let allocations = STEPS.each_ref().map(|step| {
        let mut handler = (step.handler)();
        handler(&mut connection, "C01").unwrap();
        let (body, allocations) = counted(|| handler(&mut connection, "C01"));
        body.unwrap();
        allocations.unwrap()
    });
    let [_, _, hash_set, borrowed, unrolled, cached, in_database] = allocations;
    assert!(borrowed * 2 <= hash_set, "{allocations:?}");
    assert_eq!(unrolled, borrowed);
    assert_eq!(cached, 0);
    assert!(in_database < borrowed / 10, "{allocations:?}");
}

#[test]
fn list_set_and_borrowing_set_keep_the_same_payments() {
    let mut state = 42_u64;
    for length in 0..60 {
        let payments: Vec<Payment> = (0..length)
            .map(|cents| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let reference = ((state >> 33) % 40).to_string();
                Payment { reference, method: "card".to_owned(), cents }
            })
            .collect();
        let cents = |kept: &[&Payment]| kept.iter().map(|one| one.cents).collect::<Vec<_>>();
        let key = |payment: &Payment| payment.reference.clone();
        let list = step0_baseline::without_repeats(&payments, key);
        let set = step2_hash_set::without_repeats(&payments, key);
        let borrowed = step3_borrowed::without_repeats(payments.iter(), |p| p.reference.as_str());
        let kept = cents(&borrowed);
        assert_eq!(cents(&list.iter().collect::<Vec<_>>()), kept);
        assert_eq!(cents(&set.iter().collect::<Vec<_>>()), kept);
        let firsts = payments.iter().enumerate().filter(|(index, payment)| {
            payments[..*index].iter().all(|earlier| earlier.reference != payment.reference)
        });
        assert_eq!(kept, firsts.map(|(_, payment)| payment.cents).collect::<Vec<_>>());
    }
}

#[test]
fn a_thousand_unknown_countries_leave_a_bounded_cache() {
    let (_scratch, mut connection) = database(FOUR_CUSTOMERS);
    let mut cache = Cache::default();
    let known = cache.report(&mut connection, "C01").unwrap();
    for n in 0..1_000 {
        cache.report(&mut connection, &format!("made up {n}")).unwrap();
    }
    assert_eq!(cache.len(), 300);
    assert_eq!(cache.report(&mut connection, "C01").unwrap(), known, "and goes on answering");
}
