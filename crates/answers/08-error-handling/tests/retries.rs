//! Retries and the circuit breaker, on a clock that tests move themselves.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use error_handling::{CircuitBreaker, Guarded, Retry, RetryBudget, Safety, Transient};
use tokio::time::advance;

#[derive(Debug, PartialEq, Eq)]
enum Failure {
    Passing,
    Final,
}

impl Transient for Failure {
    fn is_transient(&self) -> bool {
        *self == Self::Passing
    }
}

/// Calls something that fails a number of times and then succeeds; returns the calls it took.
async fn calls_until_done(
    retry: Retry,
    budget: &RetryBudget,
    safety: Safety,
    failures: &[Failure],
) -> (bool, u32) {
    let calls = AtomicU32::new(0);
    let outcome = retry
        .call(budget, safety, async || {
            let call = calls.fetch_add(1, Ordering::SeqCst);
            match failures.get(call as usize) {
                Some(Failure::Passing) => Err(Failure::Passing),
                Some(Failure::Final) => Err(Failure::Final),
                None => Ok(()),
            }
        })
        .await;
    (outcome.is_ok(), calls.into_inner())
}

/// A budget with enough saved up for a few retries.
async fn filled_budget() -> RetryBudget {
    let budget = RetryBudget::new(1.0, 10);
    for _ in 0..10 {
        calls_until_done(Retry::default(), &budget, Safety::Once, &[]).await;
    }
    budget
}

#[tokio::test(start_paused = true)]
async fn a_passing_failure_is_tried_again_and_a_final_one_is_not() {
    use Failure::{Final, Passing};
    let budget = filled_budget().await;
    let cases = [
        (vec![Passing, Passing], Safety::Idempotent, (true, 3)),
        (vec![Passing, Passing, Passing], Safety::Idempotent, (false, 3)),
        (vec![Final], Safety::Idempotent, (false, 1)),
        (vec![Passing], Safety::Once, (false, 1)),
    ];
    for (failures, safety, expected) in cases {
        let seen = calls_until_done(Retry::default(), &budget, safety, &failures).await;
        assert_eq!(seen, expected, "{failures:?} {safety:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_budget_bounds_all_callers_together() {
    let budget = RetryBudget::new(0.1, 5);
    let mut calls = 0;
    for _ in 0..1_000 {
        let down = [Failure::Passing, Failure::Passing, Failure::Passing];
        calls += calls_until_done(Retry::default(), &budget, Safety::Idempotent, &down).await.1;
    }
    assert!((1_090..=1_100).contains(&calls), "{calls} calls for 1000 requests");
}

#[tokio::test(start_paused = true)]
async fn the_breaker_opens_after_failures_in_a_row_and_lets_one_probe_through() {
    let breaker = CircuitBreaker::new(3, Duration::from_secs(10));
    for _ in 0..3 {
        assert_eq!(breaker.call(async { Err::<(), _>(1) }).await, Err(Guarded::Failed(1)));
    }
    let refused = breaker.call(async { Ok::<(), i32>(()) }).await;
    assert_eq!(refused, Err(Guarded::Open { retry_after: Duration::from_secs(10) }));
    advance(Duration::from_secs(10)).await;
    assert_eq!(breaker.call(async { Err::<(), _>(2) }).await, Err(Guarded::Failed(2)), "the probe");
    assert!(breaker.is_open(), "a failed probe opens it again at once");
    advance(Duration::from_secs(10)).await;
    assert_eq!(breaker.call(async { Ok::<(), i32>(()) }).await, Ok(()));
    for _ in 0..2 {
        assert_eq!(breaker.call(async { Err::<(), _>(3) }).await, Err(Guarded::Failed(3)));
    }
    assert!(!breaker.is_open(), "the count began anew");
}

#[tokio::test(start_paused = true)]
async fn only_one_probe_is_out_at_a_time_and_an_abandoned_one_counts_as_failed() {
    let breaker = CircuitBreaker::new(1, Duration::from_secs(1));
    let _ = breaker.call(async { Err::<(), _>(()) }).await;
    advance(Duration::from_secs(1)).await;
    {
        let mut probe = Box::pin(breaker.call(std::future::pending::<Result<(), ()>>()));
        let _ = tokio::time::timeout(Duration::from_millis(1), &mut probe).await;
        let second = breaker.call(async { Ok::<(), ()>(()) }).await;
        assert!(matches!(second, Err(Guarded::Open { .. })), "{second:?}");
    }
    assert!(breaker.is_open(), "the caller gave up, so nobody knows whether it is back");
    advance(Duration::from_secs(2)).await;
    assert_eq!(breaker.call(async { Ok::<(), ()>(()) }).await, Ok(()));
}

/// A call from before the outage comes back while the probe is out; `straggler` and `probe` are how
/// the two end. Returns whether calls are refused once both have ended.
async fn is_open_after(straggler: Result<(), ()>, probe: Result<(), ()>) -> bool {
    let breaker = CircuitBreaker::new(1, Duration::from_secs(1));
    let [(end_straggler, ended), (end_probe, probed)] =
        [tokio::sync::oneshot::channel(), tokio::sync::oneshot::channel()];
    let slow = breaker.call(async { ended.await.unwrap() });
    let meanwhile = async {
        let _ = breaker.call(async { Err::<(), _>(()) }).await;
        advance(Duration::from_secs(1)).await;
        let out = breaker.call(async { probed.await.unwrap() });
        let stragglers_end = async {
            end_straggler.send(straggler).unwrap();
            // More turns than the straggler needs to be recorded.
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
            let third = breaker.call(async { Ok::<(), ()>(()) }).await;
            assert!(
                matches!(third, Err(Guarded::Open { .. })),
                "the probe is still out: {third:?}"
            );
            end_probe.send(probe).unwrap();
        };
        let _ = tokio::join!(out, stragglers_end);
    };
    let _ = tokio::join!(slow, meanwhile);
    breaker.is_open()
}

#[tokio::test(start_paused = true)]
async fn a_call_from_before_the_outage_does_not_speak_for_the_probe() {
    for straggler in [Ok(()), Err(())] {
        assert!(!is_open_after(straggler, Ok(())).await, "the probe succeeded, {straggler:?}");
        assert!(is_open_after(straggler, Err(())).await, "the probe failed, {straggler:?}");
    }
}
