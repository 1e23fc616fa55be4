//! All six incidents, on real servers and databases of their own.

use diesel::{RunQueryDsl, sql_query};
use foundation::scratch::number;
use local_services::Purpose;

use super::*;
use crate::service::Feature;
use crate::turns;

fn played(fault: Fault) -> Played {
    let _turn = turns::take();
    let scratch = Scratch::create(Purpose::Test).unwrap();
    Incident::start(&scratch, fault, &Interrupt::default()).unwrap().play(2).unwrap()
}

/// The whole promise about one fault.
fn rises_stops_and_stays_at_zero(fault: Fault) {
    let Played { toll, calm, alert, .. } = played(fault);
    assert_eq!(toll.before, 0, "{fault:?}: nothing fails before");
    assert!(toll.injected > 0, "{fault:?}: failures rise");
    assert_eq!(toll.mitigated, 0, "{fault:?}: failures stop");
    assert_eq!(toll.fixed, 0, "{fault:?}: none of {} after the fix", toll.requests_after);
    assert_eq!(calm.suspects(), [], "{fault:?}: a calm service raises no suspicion");
    assert_eq!(alert.suspects(), [fault], "{fault:?}: the others are ruled out: {alert:?}");
}

#[test]
fn a_leaked_connection_is_mitigated_and_fixed() {
    rises_stops_and_stays_at_zero(Fault::LeakedConnection);
}

#[test]
fn a_blocking_call_is_mitigated_and_fixed() {
    rises_stops_and_stays_at_zero(Fault::BlockingCall);
}

#[test]
fn a_retry_storm_is_mitigated_and_fixed() {
    rises_stops_and_stays_at_zero(Fault::RetryStorm);
}

#[test]
fn growing_queries_are_mitigated_and_fixed() {
    rises_stops_and_stays_at_zero(Fault::GrowingQueries);
}

#[test]
fn an_unbounded_map_is_mitigated_and_fixed() {
    rises_stops_and_stays_at_zero(Fault::UnboundedMap);
}

#[test]
fn an_idle_transaction_is_mitigated_and_fixed() {
    rises_stops_and_stays_at_zero(Fault::IdleTransaction);
}

#[test]
fn the_mitigation_of_another_fault_stops_nothing() {
    let cases = [
        (Fault::LeakedConnection, Action::Off(Feature::Shipping)),
        (Fault::RetryStorm, Action::Restart),
        (Fault::GrowingQueries, Action::BiggerPool),
        (Fault::IdleTransaction, Action::Restart),
    ];
    for (fault, other) in cases {
        let _turn = turns::take();
        let scratch = Scratch::create(Purpose::Test).unwrap();
        let mut incident = Incident::start(&scratch, fault, &Interrupt::default()).unwrap();
        incident.inject().unwrap();
        incident.until_alert().unwrap();
        incident.apply(&[other]).unwrap();
        assert!(incident.waves(2).unwrap() > 0, "{fault:?} goes on after {other}");
    }
}

#[test]
fn ending_the_idle_session_throws_its_work_away() {
    let _turn = turns::take();
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let fault = Fault::IdleTransaction;
    let incident = Incident::start(&scratch, fault, &Interrupt::default()).unwrap();
    let mut watch = scratch.connect().unwrap();
    sql_query(
        "SELECT set_config('search_path', schemaname, false) FROM pg_tables
         WHERE tablename = 'dojo_orders'",
    )
    .execute(&mut watch)
    .unwrap();
    let mut prices = || number(&mut watch, "SELECT sum(price_cents) FROM dojo_orders").unwrap();
    let before = prices();
    incident.inject().unwrap();
    incident.apply(incident.case.mitigation).unwrap();
    drop(incident);
    assert_eq!(prices(), before, "the job had changed them and is rolled back");
}

#[test]
fn without_an_injection_nothing_fails_under_the_same_load() {
    let _turn = turns::take();
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let fault = Fault::LeakedConnection;
    let mut incident = Incident::start(&scratch, fault, &Interrupt::default()).unwrap();
    assert_eq!(incident.waves(12).unwrap(), 0);
    assert_eq!(incident.seen().suspects(), []);
}

#[test]
fn an_incident_that_is_interrupted_ends() {
    let _turn = turns::take();
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let interrupt = Interrupt::default();
    let incident = Incident::start(&scratch, Fault::RetryStorm, &interrupt).unwrap();
    interrupt.request();
    assert!(incident.play(2).is_err());
}
