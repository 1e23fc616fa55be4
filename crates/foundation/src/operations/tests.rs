//! Traces and the log of requests without a server.

use std::time::{Duration, Instant};

use actix_web::test::TestRequest;
use error_handling::{REQUEST_ID_HEADER, RequestContext};

use super::requests::{KEPT, REMARKABLE, SAME_ID};
use super::{MOST_SPANS, Outcome, RequestLog, RequestTrace, begin};

async fn trace_of(id: &str) -> RequestTrace {
    let request = TestRequest::default().insert_header((REQUEST_ID_HEADER, id)).to_srv_request();
    let trace = RequestTrace::new(Instant::now());
    let identify = trace.clone().scope(async { RequestTrace::identify_current() });
    RequestContext::of(&request).scope(identify).await;
    trace
}

fn outcome(status: u16, milliseconds: u64) -> Outcome {
    let took = Duration::from_millis(milliseconds);
    Outcome { method: "GET", route: "/api/x".to_owned(), status, took }
}

async fn keep(log: &RequestLog, id: &str, status: u16, milliseconds: u64) {
    let slow_after = Duration::from_millis(500);
    log.keep(&trace_of(id).await, outcome(status, milliseconds), slow_after);
}

#[actix_web::test]
async fn a_slow_or_failed_request_outlives_ten_thousand_others() {
    let log = RequestLog::default();
    keep(&log, "slow", 200, 500).await;
    keep(&log, "failed", 503, 1).await;
    keep(&log, "usual", 200, 499).await;
    for _ in 0..KEPT {
        keep(&log, "later", 200, 1).await;
    }
    assert_eq!((log.find("slow").len(), log.find("failed").len()), (1, 1));
    assert!(log.find("usual").is_empty(), "the oldest have made room");
    assert_eq!(log.recent(usize::MAX).len(), KEPT);
    assert_eq!((log.slow(10).len(), log.failed(10).len()), (1, 1));
    for _ in 0..REMARKABLE {
        keep(&log, "slower", 200, 900).await;
    }
    assert!(log.find("slow").is_empty(), "and so do slow ones for slow ones");
}

#[actix_web::test]
async fn an_id_that_a_client_repeats_tells_each_request_newest_first() {
    let log = RequestLog::default();
    for status in [500, 503, 200] {
        keep(&log, "again", status, 600).await;
    }
    let statuses: Vec<u16> = log.find("again").iter().map(|request| request.status).collect();
    assert_eq!(statuses, [200, 503, 500], "each once, although failed and slow as well");
    for _ in 0..SAME_ID {
        keep(&log, "again", 404, 1).await;
    }
    assert_eq!(log.find("again").len(), SAME_ID);
}

#[actix_web::test]
async fn spans_beyond_the_most_are_counted_and_none_is_kept_after_the_end() {
    let trace = trace_of("busy").await;
    for _ in 0..MOST_SPANS + 3 {
        drop(trace.begin("step"));
    }
    let open = trace.clone().scope(async { begin("late") }).await.unwrap();
    let spent = trace.finish();
    assert_eq!((spent.spans.len(), spent.left_out), (MOST_SPANS, 4));
    drop(open);
    drop(trace.begin("after the end"));
    assert_eq!(trace.finish().spans, []);
}

#[actix_web::test]
async fn the_spans_of_a_request_read_as_one_line() {
    let log = RequestLog::default();
    let trace = trace_of("line").await;
    trace.begin("database.wait").then("database.run").end_after(3);
    let open = trace.begin("outbound");
    log.keep(&trace, outcome(504, 900), Duration::from_millis(500));
    drop(open);
    let words = log.find("line")[0].timeline();
    assert!(words.starts_with("database.wait "), "{words}");
    assert!(words.contains("ms, database.run "), "{words}");
    assert!(words.contains("ms (3 statements), outbound "), "{words}");
    assert!(words.ends_with("ms (unfinished)"), "{words}");
}

#[test]
fn outside_of_a_request_nothing_is_traced() {
    assert!(begin("alone").is_none() && RequestTrace::current().is_none());
}
