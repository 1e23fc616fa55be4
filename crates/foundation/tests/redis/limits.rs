//! One table of cases for both engines of a limit, in this process and in Redis.

use std::num::NonZeroU32;
use std::time::Duration;

use foundation::metrics::Metrics;
use foundation::rate_limit::RateLimit;
use foundation::redis::Redis;
use foundation::testing::TestRedis;

/// An hour: no pause of a busy machine is long enough to give back a call.
const WINDOW: Duration = Duration::from_secs(3_600);

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A call that is granted, with so many left.
    Granted(u32),
    /// A call that is refused, with so many seconds to wait.
    Refused(u64),
    /// Seconds that pass.
    Pass(u64),
    /// A call that is given back.
    Refund,
}
use Step::{Granted, Pass, Refund, Refused};

const CASES: [(&str, u32, &[Step]); 9] = [
    ("the burst, then no more", 3, &[Granted(2), Granted(1), Granted(0), Refused(1_200)]),
    (
        "a refused call costs nothing",
        3,
        &[
            Granted(2),
            Granted(1),
            Granted(0),
            Refused(1_200),
            Refused(1_200),
            Pass(1_200),
            Granted(0),
        ],
    ),
    (
        "calls come back one by one",
        3,
        &[Granted(2), Granted(1), Granted(0), Pass(2_500), Granted(1), Granted(0), Refused(1_100)],
    ),
    ("a wait that was not long enough", 2, &[Granted(1), Granted(0), Pass(1_700), Refused(100)]),
    ("the burst does not grow", 3, &[Granted(2), Pass(1_000_000), Granted(2), Granted(1)]),
    ("a refund", 3, &[Granted(2), Granted(1), Refund, Granted(1)]),
    (
        "a refund after a refusal",
        2,
        &[Granted(1), Granted(0), Refused(1_800), Refund, Granted(0), Refused(1_800)],
    ),
    ("a refund of nothing", 2, &[Refund, Refund, Granted(1), Granted(0), Refused(1_800)]),
    ("an odd number", 7, &[Granted(6), Granted(5), Pass(515), Granted(5)]),
];

fn open(redis: &TestRedis) -> Redis {
    Redis::open(&redis.url(), "limits:", Duration::from_secs(5), &Metrics::new().unwrap()).unwrap()
}

fn limit(calls: u32) -> RateLimit<String> {
    RateLimit::new("test", NonZeroU32::new(calls).unwrap(), WINDOW)
}

async fn follow(limit: &RateLimit<String>, key: &String, steps: &[Step], engine: &str) {
    for (index, step) in steps.iter().enumerate() {
        match *step {
            Pass(seconds) => limit.pass_time(key, Duration::from_secs(seconds)).await,
            Refund => limit.refund(key).await,
            Granted(left) => {
                let told = limit.admit(key).await.unwrap();
                let found = (told.granted, told.remaining, told.retry_after);
                assert_eq!(found, (true, left, Duration::ZERO), "{engine}, {key}, step {index}");
            }
            Refused(wait) => {
                let told = limit.admit(key).await.unwrap();
                assert_eq!((told.granted, told.remaining), (false, 0), "{engine}, {key}");
                // The test itself takes a moment of the wait.
                let passed = Duration::from_secs(wait).checked_sub(told.retry_after);
                let moment = Duration::ZERO..Duration::from_secs(60);
                assert!(moment.contains(&passed.unwrap()), "{engine}, {key}: {told:?}");
            }
        }
    }
}

#[actix_web::test]
async fn both_engines_decide_every_case_alike() {
    let server = TestRedis::start();
    let redis = open(&server);
    redis.settled().await;
    for (name, calls, steps) in CASES {
        let name = name.to_owned();
        follow(&limit(calls), &name, steps, "in process").await;
        follow(&limit(calls).shared(Some(&redis)), &name, steps, "in Redis").await;
    }
}

#[actix_web::test]
async fn calls_that_race_through_two_servers_are_counted_together() {
    let server = TestRedis::start();
    let replicas = [open(&server), open(&server)];
    let mut calls = Vec::new();
    for turn in 0..60 {
        let redis = replicas[turn % 2].clone();
        redis.settled().await;
        calls.push(actix_web::rt::spawn(async move {
            limit(10).shared(Some(&redis)).admit(&"one account".to_owned()).await.unwrap()
        }));
    }
    let mut granted = 0;
    for call in calls {
        granted += u32::from(call.await.unwrap().granted);
    }
    assert_eq!(granted, 10, "each `limit` above would have granted ten by itself");
}

#[actix_web::test]
async fn a_key_is_forgotten_when_its_burst_is_whole_again() {
    let server = TestRedis::start();
    let redis = open(&server);
    redis.settled().await;
    let limit = limit(2).shared(Some(&redis));
    limit.admit(&"somebody".to_owned()).await.unwrap();
    let ttl = foundation::redis::cmd("TTL").arg(redis.key("limit:test:somebody")).to_owned();
    let ttl: u64 = redis.query(&ttl).await.unwrap();
    assert!((1..=1_800).contains(&ttl), "{ttl} s for one call of two per hour");
}

#[actix_web::test]
async fn without_redis_a_shared_limit_says_so_or_falls_back_to_this_process() {
    let server = TestRedis::start();
    let redis = open(&server);
    redis.settled().await;
    let limit = limit(2).shared(Some(&redis));
    let key = "somebody".to_owned();
    assert!(limit.admit(&key).await.unwrap().granted);
    drop(server);
    while limit.admit(&key).await.is_ok() {}
    let mut granted = Vec::new();
    for _ in 0..3 {
        granted.push(limit.admit_or_local(&key).await.granted);
    }
    assert_eq!(granted, [true, true, false], "the limit of this process alone");
}
