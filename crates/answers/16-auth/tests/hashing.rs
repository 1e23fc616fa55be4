//! Hashing on a lane of its own.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use auth::{HashingLane, Password, PasswordHash, PasswordKey, Verdict};
use foundation::metrics::Metrics;
use foundation::testing::config;
use secrecy::SecretString;

/// At a low cost, as the tests are about the lane and not about bcrypt.
fn lane() -> HashingLane {
    lane_with("6", &[])
}

fn lane_with(cost: &str, flags: &[&str]) -> HashingLane {
    let flags: Vec<&str> = ["--bcrypt-cost", cost].iter().chain(flags).copied().collect();
    HashingLane::start(&config(&flags).passwords, &Metrics::new().unwrap()).unwrap()
}

fn key() -> PasswordKey {
    PasswordKey::new(b"a key for tests".to_vec())
}

fn password(typed: &str) -> Password {
    Password::parse(&SecretString::from(typed), &[]).unwrap()
}

#[actix_web::test]
async fn the_right_password_is_accepted_and_any_other_refused() {
    let lane = lane();
    let stored = lane.hash(&password("correct horse battery"), &key()).await.unwrap();
    for (typed, verdict) in [
        ("correct horse battery", Verdict::Right),
        ("correct horse batterx", Verdict::Wrong),
        ("Correct horse battery", Verdict::Wrong),
    ] {
        let seen = lane.verify(&password(typed), &key(), stored.clone()).await.unwrap();
        assert_eq!(seen, verdict, "{typed}");
    }
}

#[actix_web::test]
async fn a_wrong_tail_beyond_72_bytes_is_refused_here_and_accepted_by_plain_bcrypt() {
    let lane = lane();
    let long = "correct horse battery staple ".repeat(3);
    let (right, wrong) = (format!("{long}right"), format!("{long}wrong"));
    let plain = bcrypt::hash(&right, 6).unwrap();
    assert!(bcrypt::verify(&wrong, &plain).unwrap(), "which is why passwords are prepared first");
    let stored = lane.hash(&password(&right), &key()).await.unwrap();
    assert_eq!(lane.verify(&password(&wrong), &key(), stored).await.unwrap(), Verdict::Wrong);
}

#[actix_web::test]
async fn a_hash_of_a_lower_cost_is_right_but_stale() {
    let cheap = lane_with("4", &[]);
    let stored = cheap.hash(&password("correct horse battery"), &key()).await.unwrap();
    let seen = lane().verify(&password("correct horse battery"), &key(), stored).await.unwrap();
    assert_eq!(seen, Verdict::RightButStale);
}

#[actix_web::test]
async fn a_broken_stored_hash_matches_nothing() {
    let stored = PasswordHash::from_stored("not a hash".to_owned());
    let seen = lane().verify(&password("correct horse battery"), &key(), stored).await.unwrap();
    assert_eq!(seen, Verdict::Wrong);
}

#[actix_web::test]
async fn more_than_the_queue_holds_is_refused_at_once_and_told_when_to_return() {
    // Long enough that the queue alone refuses, however busy the machine is.
    let lane = lane_with("10", &["--hashing-queue", "2", "--hashing-wait", "60s"]);
    let typed = password("correct horse battery");
    let calls = (0..12).map(|_| {
        let (lane, typed) = (lane.clone(), typed.clone());
        actix_web::rt::spawn(async move { lane.hash(&typed, &key()).await })
    });
    let (mut hashed, mut refused) = (0, 0);
    for call in calls.collect::<Vec<_>>() {
        match call.await.unwrap() {
            Ok(_) => hashed += 1,
            Err(problem) => {
                assert_eq!(problem.kind(), error_handling::ProblemType::Unavailable);
                refused += 1;
            }
        }
    }
    assert!(hashed >= 2 && refused >= 1, "{hashed} hashed, {refused} refused");
    assert!(lane.hash(&typed, &key()).await.is_ok(), "and it goes on");
}
