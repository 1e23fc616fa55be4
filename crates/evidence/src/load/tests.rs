use std::cell::Cell;

use super::*;

const STALL: Duration = Duration::from_secs(1);

/// A server that answers in a millisecond, except that it answers nobody for one second.
async fn answer(began: Instant, number: u64) -> Sample {
    let now = began.elapsed();
    let (from, to) = (Duration::from_secs(1), Duration::from_secs(1) + STALL);
    if now >= from && now < to {
        tokio::time::sleep_until(began + to).await;
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    Sample::status(if number.is_multiple_of(10) { 503 } else { 200 })
}

fn plan(max_in_flight: usize) -> LoadPlan {
    LoadPlan { rate_per_second: 100.0, duration: Duration::from_secs(4), max_in_flight }
}

// The paused clock of tokio makes these runs exact and instant.
#[tokio::test(start_paused = true)]
async fn a_stall_shows_in_every_request_that_was_due_meanwhile() {
    let began = Instant::now();
    let report = open_loop(plan(1_000), |number| answer(began, number)).await;
    assert_eq!((report.started, report.not_started), (400, 0));
    assert_eq!((report.count("200"), report.count("503"), report.count("418")), (360, 40, 0));
    let slow = report.slower_than(Duration::from_millis(100));
    assert!((89..=91).contains(&slow), "about 90 of the 100 due in the stall, got {slow}");
    assert!(report.percentile(99.0) > Duration::from_millis(900));
    assert!(report.achieved_per_second > 99.0);
}

#[tokio::test(start_paused = true)]
async fn a_closed_loop_hides_the_same_stall() {
    let began = Instant::now();
    let mut seen = statistics::latencies();
    while began.elapsed() < Duration::from_secs(4) {
        let sent = Instant::now();
        answer(began, 1).await;
        statistics::record(&mut seen, sent.elapsed());
        tokio::time::sleep(Duration::from_millis(9)).await;
    }
    assert_eq!(statistics::slower_than(&seen, Duration::from_millis(100)), 1);
    assert!(statistics::percentile(&seen, 99.0) < Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_the_limit_are_counted_and_not_started() {
    let began = Instant::now();
    let most = Cell::new(0);
    let now = Cell::new(0);
    let report = open_loop(plan(20), |number| {
        now.set(now.get() + 1);
        most.set(most.get().max(now.get()));
        let now = &now;
        async move {
            let sample = answer(began, number).await;
            now.set(now.get() - 1);
            sample
        }
    })
    .await;
    assert_eq!(most.get(), 20);
    assert!((79..=81).contains(&report.not_started), "{}", report.not_started);
    assert_eq!(report.started + report.not_started, 400);
}

#[tokio::test(start_paused = true)]
async fn phases_follow_by_the_clock_and_count_their_own_requests() {
    let phase = |rate_per_second| LoadPlan {
        rate_per_second,
        duration: Duration::from_millis(500),
        max_in_flight: 1_000,
    };
    let began = Instant::now();
    let reports =
        open_loop_phases(&[phase(10.0), phase(200.0), phase(10.0)], |number| async move {
            tokio::time::sleep(Duration::from_millis(700)).await;
            Sample::class(if number < 105 { "early" } else { "late" })
        })
        .await;
    let started: Vec<u64> = reports.iter().map(|report| report.started).collect();
    assert_eq!(started, [5, 100, 5]);
    assert_eq!(reports[2].count("late"), 5);
    assert!(began.elapsed() < Duration::from_millis(2_200));
}
