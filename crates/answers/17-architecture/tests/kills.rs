//! A process that takes orders is killed with SIGKILL while its mails are under way.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use architecture::desk::Way;
use architecture::post::{Postbox, Seen};
use architecture::staff::Employer;
use foundation::testing::{TestRedis, count};
use support::shop;

const ORDERS: u64 = 12;

/// What became of twelve orders: how many were answered while the mail server hung, and what that
/// saw up to the end.
fn fate(way: Way, redis: &TestRedis) -> (u64, Seen) {
    let scratch = shop();
    let postbox = Postbox::open(Duration::ZERO).unwrap();
    let employer = Employer {
        database: scratch.url(),
        redis: redis.url(),
        program: Some(PathBuf::from(env!("CARGO_BIN_EXE_architecture"))),
    };
    postbox.hang();
    let mut staff = employer.hire(way, &postbox, 12).unwrap();
    postbox.holds(ORDERS).unwrap();
    if way != Way::Inline {
        staff.answers(ORDERS).unwrap();
    }
    let answered = staff.answered();
    staff.kill(&postbox).unwrap();
    assert_eq!(postbox.seen().mailed(), ORDERS / 2, "every second mail was delivered");

    let _restarted = employer.hire(way, &postbox, 0).unwrap();
    if !matches!(way, Way::Inline | Way::Spawned) {
        postbox.delivers(ORDERS).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while count(&scratch, "background_jobs") + count(&scratch, "mails_to_relay") > 0 {
            assert!(Instant::now() < deadline, "{way:?}: work is left");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    assert_eq!(count(&scratch, "mailed_orders"), 12, "{way:?}: no order is lost in any way");
    (answered, postbox.seen())
}

#[test]
fn killed_with_9_in_the_middle_of_its_mails_only_what_was_queued_loses_none() {
    let redis = TestRedis::start();
    let fates = Way::ALL.map(|way| {
        let (answered, seen) = fate(way, &redis);
        (way, answered, ORDERS - seen.mailed())
    });
    assert_eq!(
        fates,
        [
            (Way::Inline, 0, 6),
            (Way::Spawned, 12, 6), // They were told that all is well.
            (Way::Unkeyed, 12, 0),
            (Way::Queued, 12, 0),
            (Way::Relayed, 12, 0),
        ]
    );
}

#[test]
fn a_mail_that_is_sent_again_after_a_kill_reaches_its_customer_once_with_a_key_and_twice_without() {
    let redis = TestRedis::start();
    let (_, with_key) = fate(Way::Queued, &redis);
    let (_, without) = fate(Way::Unkeyed, &redis);
    assert!(with_key.calls > ORDERS, "mails were sent again: {with_key:?}");
    assert_eq!(with_key.twice(), 0, "{with_key:?}");
    assert!(without.twice() >= ORDERS / 2, "{without:?}");
}
