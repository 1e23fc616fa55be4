//! A job is part of the transaction that asks for it.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on has failed.

mod support;

use std::time::Duration;

use background_jobs::{
    Due, JobId, MAX_PAYLOAD, Options, PayloadTooLarge, enqueue, enqueue_unique, store,
};
use chrono::{TimeDelta, Utc};
use diesel::prelude::*;
use diesel::result::Error;
use support::{NOTES, Queue, note};

const LEASE: Duration = Duration::from_secs(30);

fn claimed(connection: &mut PgConnection) -> Vec<JobId> {
    let jobs = store::claim(connection, NOTES.name(), 100, LEASE).unwrap();
    jobs.iter().map(store::Claimed::id).collect()
}

#[test]
fn a_rolled_back_transaction_enqueues_nothing_and_a_committed_one_does() {
    let queue = Queue::new();
    let (mut ours, mut theirs) = (queue.connect(), queue.connect());

    let rolled_back = ours.transaction(|ours| {
        enqueue(ours, &NOTES, &note("never"), &Options::default())?;
        assert_eq!(claimed(&mut theirs), [], "nobody sees it before the commit");
        QueryResult::<()>::Err(Error::RollbackTransaction)
    });
    assert_eq!(rolled_back, Err(Error::RollbackTransaction));
    assert_eq!(queue.count("true"), 0);

    let id =
        ours.transaction(|ours| enqueue(ours, &NOTES, &note("kept"), &Options::default())).unwrap();
    assert_eq!(claimed(&mut theirs), [id]);
}

#[test]
fn a_payload_that_is_too_long_is_refused_and_the_transaction_goes_on() {
    let queue = Queue::new();
    let mut connection = queue.connect();
    let frame = serde_json::to_string(&note("")).unwrap().len();
    let longest = note(&"x".repeat(MAX_PAYLOAD - frame));
    let too_long = note(&"x".repeat(MAX_PAYLOAD - frame + 1));

    connection
        .transaction(|connection| {
            let refused = enqueue(connection, &NOTES, &too_long, &Options::default());
            let Err(Error::SerializationError(reason)) = refused else { panic!("{refused:?}") };
            let expected = PayloadTooLarge { bytes: MAX_PAYLOAD + 1 };
            assert_eq!(reason.downcast_ref(), Some(&expected));
            enqueue(connection, &NOTES, &longest, &Options::default())
        })
        .unwrap();

    assert_eq!(queue.count("true"), 1);
}

#[test]
fn the_same_work_is_enqueued_once_while_it_waits_or_runs() {
    let queue = Queue::new();
    let mut connection = queue.connect();
    let ask = |key: &str| {
        enqueue_unique(&mut queue.connect(), &NOTES, &note(key), key, &Options::default()).unwrap()
    };

    let first = ask("post-7").expect("is new");
    assert_eq!(ask("post-7"), None, "it waits");
    assert!(ask("post-8").is_some(), "that is other work");

    let running = store::claim(&mut connection, NOTES.name(), 1, LEASE).unwrap();
    assert_eq!(running[0].id(), first);
    assert_eq!(ask("post-7"), None, "it runs");

    assert_eq!(store::done(&mut connection, &[running[0].held()]).unwrap(), [running[0].held()]);
    assert!(ask("post-7").is_some(), "it is done, so this is work again");
}

#[test]
fn of_two_transactions_that_enqueue_the_same_work_one_does() {
    let queue = Queue::new();
    let (mut ours, mut theirs) = (queue.connect(), queue.connect());
    let same = |connection: &mut PgConnection| {
        enqueue_unique(connection, &NOTES, &note("same"), "same", &Options::default())
    };

    let (first, second) = ours
        .transaction(|ours| {
            let first = same(ours)?;
            let waiting = std::thread::spawn(move || same(&mut theirs).unwrap());
            support::eventually("the other waits for our commit", || {
                queue.number(
                    "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock'",
                ) == 1
            });
            QueryResult::Ok((first, waiting))
        })
        .unwrap();

    assert!(first.is_some());
    assert_eq!(second.join().unwrap(), None);
    assert_eq!(queue.count("true"), 1);
}

#[test]
fn a_job_that_is_due_later_is_not_claimed_before() {
    let queue = Queue::new();
    let mut connection = queue.connect();
    let due = |due: Due| {
        let options = Options { due, order_key: None };
        enqueue(&mut queue.connect(), &NOTES, &note("due"), &options).unwrap()
    };
    let tomorrow = due(Due::After(Duration::from_secs(24 * 3_600)));
    let at_noon = due(Due::At(Utc::now() + TimeDelta::days(1)));
    let passed = due(Due::At(Utc::now() - TimeDelta::days(1)));
    // Longer than the database can add to a date; it is far off all the same.
    let never = due(Due::After(Duration::MAX));

    assert_eq!(claimed(&mut connection), [passed]);

    queue.execute("UPDATE background_jobs SET run_at = now() WHERE NOT running");
    assert_eq!(claimed(&mut connection), [tomorrow, at_noon, never]);
}
