//! Jobs that fail: tried again, and in the end dead letters, which are listed, replayed and deleted.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on has failed.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use background_jobs::{
    Attempt, Failure, Kind, Options, RETENTION, Replay, dead_letters, discard, replay, replay_kind,
};
use diesel::prelude::*;
use error_handling::Retry;
use foundation::explain::{PlanGuard, plan_of};
use support::{NOTES, Note, Queue, SOON, eventually, next, note, telling};

#[test]
fn a_job_that_fails_is_tried_again_after_a_random_wait_and_in_the_end_is_a_dead_letter() {
    static PATIENT: Kind<Note> = Kind::new("note").retried(Retry {
        attempts: 4,
        base: Duration::from_secs(1_000),
        cap: Duration::from_secs(3_000),
    });
    let queue = Queue::new();
    let workers = queue.workers();
    let (tell, told) = channel();
    let fail = move |attempt: Attempt<Note>| {
        tell.send(attempt.number).unwrap();
        std::future::ready(Err(Failure::again("the partner is away")))
    };
    workers.register(&PATIENT, fail).unwrap();
    const JOBS: u64 = 40;
    for index in 0..JOBS {
        queue.enqueue(&PATIENT, &index.to_string());
    }

    // The waits are read from the rows instead of waited for; the bound doubles up to its cap.
    for bound in [1_000, 2_000, 3_000] {
        eventually("all have failed", || {
            queue.count("last_error IS NOT NULL AND NOT running") == JOBS
        });
        let waits = |what: &str| {
            queue.number(&format!(
                "SELECT {what}(extract(epoch FROM run_at - now())) FROM background_jobs"
            ))
        };
        assert!(waits("max") <= bound, "{} > {bound}", waits("max"));
        // Without jitter all forty would lie in one step; by chance it happens once in 4^40.
        assert!(waits("max") - waits("min") > bound / 4, "full jitter spreads them");
        queue.execute("UPDATE background_jobs SET run_at = now(), last_error = NULL");
        workers.wake();
    }

    eventually("all have died", || queue.count("died_at IS NOT NULL") == JOBS);
    let mut attempts: Vec<u32> = told.try_iter().collect();
    attempts.sort_unstable();
    let expected: Vec<u32> = (1..=4).flat_map(|n| vec![n; JOBS as usize]).collect();
    assert_eq!(attempts, expected);
    queue.measures("background_jobs_dead{kind=\"note\"} 40");
}

#[test]
fn a_kind_that_nobody_knows_waits_and_a_payload_that_nobody_can_read_dies() {
    let queue = Queue::new();
    let workers = queue.workers();
    let (tell, told) = channel();
    queue.execute("INSERT INTO background_jobs (kind, payload) VALUES ('unheard-of', '{}')");
    queue.execute("INSERT INTO background_jobs (kind, payload) VALUES ('note', '{\"text\": 7}')");
    queue.enqueue(&NOTES, "fine");

    workers.register(&NOTES, telling(tell)).unwrap();

    assert_eq!(next(&told), "fine");
    eventually("the poison is a dead letter", || {
        queue.count("kind = 'note' AND died_at IS NOT NULL AND attempts = 1") == 1
    });
    queue.measures("background_jobs_waiting{kind=\"unheard-of\"} 1");
    assert_eq!(queue.count("kind = 'unheard-of' AND NOT running AND attempts = 0"), 1);
}

#[test]
fn a_job_that_takes_its_workers_down_each_time_is_a_dead_letter_in_the_end() {
    let queue = Queue::new();
    let mut connection = queue.connect();
    queue.enqueue(&NOTES, "crash");
    for _ in 0..SOON.attempts {
        let lease = Duration::ZERO;
        let claimed = background_jobs::store::claim(&mut connection, "note", 1, lease).unwrap();
        assert_eq!(claimed.len(), 1, "its worker dies without a word");
    }

    let workers = queue.workers();
    let (tell, told) = channel();
    workers.register(&NOTES, telling(tell)).unwrap();

    eventually("it is given up", || queue.count("died_at IS NOT NULL") == 1);
    workers.stop();
    assert!(told.try_recv().is_err(), "it was not tried a fourth time");
}

#[test]
fn dead_letters_are_listed_page_by_page_replayed_and_discarded() {
    let queue = Queue::new();
    let mut connection = queue.connect();
    let cured = Arc::new(AtomicUsize::new(0));
    let workers = queue.workers();
    let handler = {
        let cured = Arc::clone(&cured);
        move |_: Attempt<Note>| {
            let outcome = match cured.load(Ordering::SeqCst) {
                0 => Err(Failure::for_good("no such partner")),
                _ => Ok(()),
            };
            std::future::ready(outcome)
        }
    };
    workers.register(&NOTES, handler).unwrap();
    for index in 0..5 {
        queue.enqueue(&NOTES, &index.to_string());
    }
    eventually("all five have died", || queue.count("died_at IS NOT NULL") == 5);

    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = dead_letters(&mut connection, after, 2).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.position());
        seen.extend(page);
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.windows(2).all(|pair| pair[0].died_at >= pair[1].died_at), "the latest first");
    let letter = &seen[0];
    assert_eq!(letter.kind, "note");
    assert_eq!(letter.attempts, 1, "it was hopeless");
    assert_eq!(letter.last_error.as_deref(), Some("no such partner"));

    assert!(discard(&mut connection, seen[4].id()).unwrap());
    assert!(!discard(&mut connection, seen[4].id()).unwrap());
    cured.store(1, Ordering::SeqCst);
    assert_eq!(replay(&mut connection, letter.id()).unwrap(), Replay::Due);
    assert_eq!(replay(&mut connection, seen[4].id()).unwrap(), Replay::NotFound);
    assert_eq!(replay_kind(&mut connection, "note", 100).unwrap(), 3);
    queue.drains();
}

#[test]
fn the_list_of_dead_letters_reads_what_it_shows() {
    let queue = Queue::new();
    queue.execute(
        "INSERT INTO background_jobs (kind, payload, died_at)
         SELECT 'note', '{}', now() - n * interval '1 second' FROM generate_series(1, 20000) AS n",
    );
    queue.execute("ANALYZE background_jobs");
    let mut connection = queue.connect();
    let page = dead_letters(&mut connection, None, 20).unwrap();
    let after = page.last().map(background_jobs::DeadLetter::position);

    for after in [None, after] {
        let query = background_jobs::dead_letters_query(after, 20);
        let plan = plan_of(&mut connection, query).unwrap();
        PlanGuard::of(&plan).uses_index("background_jobs_dead").no_sort().at_most_buffers(10);
    }
}

#[test]
fn a_dead_letter_whose_work_was_enqueued_again_is_not_replayed_beside_it() {
    let queue = Queue::new();
    let mut connection = queue.connect();
    let ask = || {
        let (key, options) = ("same", Options::default());
        background_jobs::enqueue_unique(&mut queue.connect(), &NOTES, &note("x"), key, &options)
    };
    let first = ask().unwrap().unwrap();
    queue.execute("UPDATE background_jobs SET died_at = now()");
    assert!(ask().unwrap().is_some(), "a dead one is no obstacle");

    let replayed = connection.transaction(|connection| replay(connection, first));

    assert_eq!(replayed.unwrap(), Replay::EnqueuedSince);
    assert_eq!(queue.count("died_at IS NOT NULL"), 1);
}

#[test]
fn dead_letters_are_deleted_after_thirty_days_and_a_dry_run_only_tells() {
    let queue = Queue::new();
    let mut connection = queue.connect();
    queue.execute(
        "INSERT INTO background_jobs (kind, payload, died_at) VALUES
             ('note', '{}', now() - interval '31 days'), ('note', '{}', now() - interval '29 days'),
             ('note', '{}', NULL)",
    );
    let mut run = |dry_run| (RETENTION.run)(&mut connection, dry_run).unwrap();

    assert_eq!(run(true), ["would delete 1 dead letters"]);
    assert_eq!(queue.count("true"), 3);
    assert_eq!(run(false), ["deleted 1 dead letters"]);
    assert_eq!(queue.count("true"), 2);
    assert!(run(false).is_empty());
}
