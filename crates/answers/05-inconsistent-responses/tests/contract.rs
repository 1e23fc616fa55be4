//! The contract of the orders service, on each instance by itself.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should panic.

use std::collections::BTreeSet;

use foundation::scratch::Scratch;
use inconsistent_responses::{Lab, Rule, Setup, TermsFrom, broken, create};
use local_services::Purpose;

/// Rules that either instance breaks once the shop has changed its terms.
async fn broken_by_either(setup: Setup) -> Vec<Rule> {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    create(&scratch).unwrap();
    let lab = Lab::open(&scratch, setup).unwrap();
    lab.let_a_copy_grow_old().await.unwrap();
    let mut rules = BTreeSet::new();
    for instance in lab.orders_of_each() {
        rules.extend(broken(&instance, 5_000).await.unwrap());
    }
    rules.into_iter().collect()
}

#[actix_web::test]
async fn the_contract_fails_on_the_service_as_reported() {
    let rules = broken_by_either(Setup::AS_REPORTED).await;
    assert_eq!(rules, [Rule::Members, Rule::TotalOrder, Rule::Freshness]);
}

#[actix_web::test]
async fn the_contract_holds_on_the_fixed_service_with_and_without_a_copy() {
    assert_eq!(broken_by_either(Setup::fixed()).await, []);
    let without = Setup { terms: TermsFrom::Database, ..Setup::fixed() };
    assert_eq!(broken_by_either(without).await, []);
}

#[actix_web::test]
async fn each_fix_mends_the_promise_it_is_about() {
    let reported = Setup::AS_REPORTED;
    let cases = [
        (reported.one_release(), [Rule::TotalOrder, Rule::Freshness]),
        (reported.checked_copy(), [Rule::Members, Rule::TotalOrder]),
        (reported.total_order(), [Rule::Members, Rule::Freshness]),
    ];
    for (setup, rules) in cases {
        assert_eq!(broken_by_either(setup).await, rules, "{setup:?}");
    }
}
