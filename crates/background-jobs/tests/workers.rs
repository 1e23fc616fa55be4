//! What becomes of jobs: done, tried again, dead, given back.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on has failed.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use background_jobs::{
    Attempt, Failure, Kind, KindTaken, Options, RETENTION, Replay, Settings, dead_letters, discard,
    enqueue, replay, replay_kind,
};
use diesel::prelude::*;
use error_handling::Retry;
use foundation::explain::{PlanGuard, plan_of};
use support::{NOTES, Note, PATIENCE, Queue, SOON, eventually, next, note};

/// A handler that tells the text of each job and does nothing else.
fn telling(
    tell: Sender<String>,
) -> impl Fn(Attempt<Note>) -> std::future::Ready<Result<(), Failure>> + Send + Sync {
    let tell = Mutex::new(tell);
    move |attempt| {
        tell.lock().unwrap().send(attempt.payload.text).unwrap();
        std::future::ready(Ok(()))
    }
}

#[test]
fn a_job_is_done_by_its_handler_and_leaves_no_row() {
    let queue = Queue::new();
    let workers = queue.workers();
    let (tell, told) = channel();
    workers.register(&NOTES, telling(tell)).unwrap();

    queue.enqueue(&NOTES, "hello");

    assert_eq!(next(&told), "hello");
    queue.drains();
    queue.measures("background_jobs_attempts_total{end=\"done\",kind=\"note\"} 1");
}

#[test]
fn a_handler_may_write_and_complete_its_job_in_one_transaction() {
    let queue = Queue::new();
    queue.execute("CREATE TABLE effects (text text NOT NULL)");
    let workers = queue.workers();
    let write = |attempt: Attempt<Note>| async move {
        let (ticket, text) = (attempt.ticket(), attempt.payload.text.clone());
        let fails = attempt.number == 1;
        attempt
            .database()
            .run_write(move |connection| {
                connection.transaction(|connection| {
                    diesel::sql_query("INSERT INTO effects VALUES ($1)")
                        .bind::<diesel::sql_types::Text, _>(text)
                        .execute(connection)?;
                    ticket.complete(connection)?;
                    // After both: rolled back, the job is there as if nothing had been tried.
                    if fails { Err(diesel::result::Error::RollbackTransaction) } else { Ok(()) }
                })
            })
            .await?;
        Ok(())
    };
    workers.register(&NOTES, write).unwrap();

    queue.enqueue(&NOTES, "once");

    queue.drains();
    assert_eq!(queue.number("SELECT count(*) FROM effects"), 1);
    queue.measures("background_jobs_attempts_total{end=\"failed\",kind=\"note\"} 1");
    queue.measures("background_jobs_attempts_total{end=\"done\",kind=\"note\"} 1");
}

#[test]
fn what_a_lost_lease_would_complete_is_rolled_back_with_the_handlers_writes() {
    static SHORT: Kind<Note> = Kind::new("note").leased_for(Duration::from_secs(60));
    let queue = Queue::new();
    queue.execute("CREATE TABLE effects (attempt integer NOT NULL)");
    let workers = queue.workers();
    let (tell, told) = channel();
    let (go, gate) = channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let write = move |attempt: Attempt<Note>| {
        let (tell, gate) = (tell.clone(), Arc::clone(&gate));
        async move {
            let (ticket, number) = (attempt.ticket(), attempt.number);
            let written = attempt.database().run_write(move |connection| {
                tell.send(None).unwrap();
                gate.lock().unwrap().recv().unwrap();
                let outcome = connection.transaction(|connection| {
                    diesel::sql_query(format!("INSERT INTO effects VALUES ({number})"))
                        .execute(connection)?;
                    ticket.complete(connection)
                });
                tell.send(Some(outcome.is_ok())).unwrap();
                outcome
            });
            Ok(written.await?)
        }
    };
    workers.register(&SHORT, write).unwrap();
    queue.enqueue(&SHORT, "contested");
    assert_eq!(next(&told), None, "the first attempt has begun");

    // As if the lease had ended and somebody else had claimed the job.
    queue.execute("UPDATE background_jobs SET lease = lease + 1");
    go.send(()).unwrap();

    assert_eq!(next(&told), Some(false));
    assert_eq!(queue.number("SELECT count(*) FROM effects"), 0);
    assert_eq!(queue.count("running"), 1, "the job is still the other's");
    workers.stop();
}

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
fn a_panic_fails_its_own_attempt_only() {
    let queue = Queue::new();
    let workers = queue.workers();
    let (tell, told) = channel();
    let sometimes = move |attempt: Attempt<Note>| {
        assert!(attempt.payload.text != "panics at once" || attempt.number > 1);
        let tell = tell.clone();
        async move {
            tokio::task::yield_now().await;
            assert!(attempt.payload.text != "panics later" || attempt.number > 1);
            tell.send((attempt.payload.text, attempt.number)).unwrap();
            Ok(())
        }
    };
    workers.register(&NOTES, sometimes).unwrap();
    for text in ["panics at once", "panics later", "calm"] {
        queue.enqueue(&NOTES, text);
    }

    let mut done = [next(&told), next(&told), next(&told)];
    done.sort();
    let done = done.map(|(text, number)| format!("{text} {number}"));
    assert_eq!(done, ["calm 1", "panics at once 2", "panics later 2"]);
    queue.drains();
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
fn no_more_jobs_of_a_kind_run_at_once_than_it_allows_and_a_slow_kind_holds_up_no_other() {
    static SLOW: Kind<Note> = Kind::new("slow").at_once(2);
    let queue = Queue::new();
    let workers = queue.workers();
    let (begin, began) = channel();
    let open = Arc::new(tokio::sync::Semaphore::new(0));
    let gate = Arc::clone(&open);
    let slow = move |attempt: Attempt<Note>| {
        let gate = Arc::clone(&gate);
        begin.send(attempt.id()).unwrap();
        async move {
            gate.acquire().await.unwrap().forget();
            Ok(())
        }
    };
    for _ in 0..5 {
        queue.enqueue(&SLOW, "slow");
    }
    workers.register(&SLOW, slow).unwrap();
    let (tell, told) = channel();
    workers.register(&NOTES, telling(tell)).unwrap();
    next(&began);
    next(&began);

    for _ in 0..10 {
        queue.enqueue(&NOTES, "quick");
        assert_eq!(next(&told), "quick", "while two slow ones are held");
    }
    assert!(began.try_recv().is_err(), "a third one has begun");
    queue.measures("background_jobs_running{kind=\"slow\"} 2");
    queue.measures("background_jobs_waiting{kind=\"slow\"} 3");

    open.add_permits(1);
    next(&began);
    open.add_permits(4);
    queue.drains();
}

#[test]
fn an_attempt_that_takes_too_long_is_ended_and_counts_as_failed() {
    static BRIEF: Kind<Note> =
        Kind::new("note").retried(SOON).limited_to(Duration::from_millis(50));
    let queue = Queue::new();
    let workers = queue.workers();
    let hang = |_: Attempt<Note>| std::future::pending::<Result<(), Failure>>();
    workers.register(&BRIEF, hang).unwrap();

    queue.enqueue(&BRIEF, "hangs");

    eventually("it has died", || {
        queue.count("died_at IS NOT NULL AND last_error = 'not done within 50ms'") == 1
    });
}

#[test]
fn a_lease_is_renewed_for_as_long_as_its_job_runs() {
    static LEASED: Kind<Note> = Kind::new("note").leased_for(Duration::from_secs(2));
    let queue = Queue::new();
    let workers = queue.workers();
    let (begin, began) = channel();
    let open = Arc::new(tokio::sync::Semaphore::new(0));
    let gate = Arc::clone(&open);
    let hold = move |attempt: Attempt<Note>| {
        let gate = Arc::clone(&gate);
        begin.send(attempt.number).unwrap();
        async move {
            gate.acquire().await.unwrap().forget();
            Ok(())
        }
    };
    workers.register(&LEASED, hold).unwrap();
    queue.enqueue(&LEASED, "long");
    assert_eq!(next(&began), 1);

    let end = || queue.number("SELECT extract(epoch FROM run_at) * 1000 FROM background_jobs");
    let first = end();
    eventually("the lease was renewed beyond its first end", || end() > first + 2_000);
    open.add_permits(1);
    queue.drains();
    assert!(began.try_recv().is_err(), "nobody else has begun it");
}

#[test]
fn a_handler_whose_lease_was_lost_is_ended_and_its_job_is_left_to_the_other() {
    static LEASED: Kind<Note> = Kind::new("note").leased_for(Duration::from_secs(1));
    struct Ends(Sender<()>);
    impl Drop for Ends {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let queue = Queue::new();
    let workers = queue.workers();
    let ((begin, began), (end, ended)) = (channel(), channel());
    let hold = move |_: Attempt<Note>| {
        let ends = Ends(end.clone());
        begin.send(()).unwrap();
        async move {
            let _ends = ends;
            std::future::pending().await
        }
    };
    workers.register(&LEASED, hold).unwrap();
    queue.enqueue(&LEASED, "contested");
    next(&began);

    // Somebody else has claimed it, for an hour.
    queue.execute(
        "UPDATE background_jobs SET lease = lease + 1, run_at = now() + interval '1 hour'",
    );

    next(&ended);
    queue.measures("background_jobs_attempts_total{end=\"lost\",kind=\"note\"} 1");
    assert_eq!(queue.count("running AND last_error IS NULL AND run_at > now()"), 1);
}

#[test]
fn workers_that_stop_let_jobs_finish_and_claim_no_more() {
    let queue = Queue::new();
    let workers = queue.workers();
    let (begin, began) = channel();
    let open = Arc::new(tokio::sync::Semaphore::new(0));
    let gate = Arc::clone(&open);
    let hold = move |_: Attempt<Note>| {
        let gate = Arc::clone(&gate);
        begin.send(()).unwrap();
        async move {
            gate.acquire().await.unwrap().forget();
            Ok(())
        }
    };
    workers.register(&NOTES, hold).unwrap();
    queue.enqueue(&NOTES, "runs");
    next(&began);

    let stopping = std::thread::spawn(move || workers.stop());
    let late = queue.enqueue(&NOTES, "late");
    std::thread::sleep(Duration::from_millis(100)); // Five polls, had they gone on.
    assert!(!stopping.is_finished(), "it waits for the job that runs");
    open.add_permits(1);

    stopping.join().unwrap();
    assert_eq!(queue.count("true"), 1, "the job that ran is done");
    assert_eq!(queue.count(&format!("id = {late} AND attempts = 0")), 1, "the other was not begun");
}

#[test]
fn workers_that_stop_give_back_what_does_not_finish_in_time() {
    let queue = Queue::new();
    let stop_within = Duration::from_millis(100);
    let workers = queue.workers_with(Settings { stop_within, ..Settings::default() });
    let (begin, began) = channel();
    let hang = move |_: Attempt<Note>| {
        begin.send(()).unwrap();
        std::future::pending::<Result<(), Failure>>()
    };
    workers.register(&NOTES, hang).unwrap();
    queue.enqueue(&NOTES, "hangs");
    next(&began);

    drop(workers);

    assert_eq!(queue.count("NOT running AND run_at <= now() AND attempts = 0"), 1);
    let successor = Queue { metrics: foundation::metrics::Metrics::new().unwrap(), ..queue };
    let workers = successor.workers();
    let (tell, told) = channel();
    workers.register(&NOTES, telling(tell)).unwrap();
    assert_eq!(next(&told), "hangs");
}

#[test]
fn jobs_of_one_order_key_run_one_after_the_other_across_workers() {
    let queue = Queue::new();
    let other = foundation::metrics::Metrics::new().unwrap();
    let url = queue.scratch.url();
    let second = background_jobs::Workers::start(&url, Settings::default(), &other).unwrap();
    let workers = queue.workers();
    let (tell, told) = channel();
    for workers in [&workers, &second] {
        let tell = tell.clone();
        let run = move |attempt: Attempt<Note>| {
            let tell = tell.clone();
            async move {
                tell.send(format!("{} begins", attempt.payload.text)).unwrap();
                tokio::task::yield_now().await;
                tell.send(format!("{} ends", attempt.payload.text)).unwrap();
                if attempt.number == 1 { Err(Failure::again("once more")) } else { Ok(()) }
            }
        };
        workers.register(&NOTES, run).unwrap();
    }
    for index in 0..10 {
        let (payload, options) = (note(&index.to_string()), Options::in_order_of("post-7"));
        enqueue(&mut queue.connect(), &NOTES, &payload, &options).unwrap();
    }

    let expected = (0..10).flat_map(|n| {
        let attempt = [format!("{n} begins"), format!("{n} ends")];
        [attempt.clone(), attempt].concat()
    });
    for line in expected {
        assert_eq!(next(&told), line);
    }
    queue.drains();
}

#[test]
fn a_kind_has_one_handler() {
    let queue = Queue::new();
    let workers = queue.workers();
    let (tell, _told) = channel();
    workers.register(&NOTES, telling(tell.clone())).unwrap();
    assert_eq!(workers.register(&NOTES, telling(tell)), Err(KindTaken("note")));
}

#[test]
fn workers_go_on_after_the_database_has_thrown_them_out() {
    let queue = Queue::new();
    let workers = queue.workers();
    let (tell, told) = channel();
    workers.register(&NOTES, telling(tell)).unwrap();
    queue.enqueue(&NOTES, "before");
    assert_eq!(next(&told), "before");

    queue.number(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    queue.enqueue(&NOTES, "after");

    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "after");
}

#[test]
fn a_process_that_is_woken_looks_at_once() {
    let queue = Queue::new();
    let settings = Settings { poll: Duration::from_secs(3_600), ..Settings::default() };
    let url = queue.scratch.url();
    let workers = background_jobs::Workers::start(&url, settings, &queue.metrics).unwrap();
    let (tell, told) = channel();
    workers.register(&NOTES, telling(tell)).unwrap();
    queue.enqueue(&NOTES, "first");
    workers.wake();
    assert_eq!(next(&told), "first");
    queue.drains(); // It has looked in the same transaction, and would look again in half an hour.

    queue.enqueue(&NOTES, "second");
    workers.wake();

    assert_eq!(next(&told), "second");
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

#[test]
fn the_depth_of_each_kind_tells_what_waits_runs_and_is_dead() {
    let queue = Queue::new();
    queue.execute(
        "INSERT INTO background_jobs (kind, payload, run_at, running, died_at) VALUES
             ('mail', '{}', now() - interval '90 seconds', false, NULL),
             ('mail', '{}', now() + interval '1 hour', false, NULL),
             ('mail', '{}', now() + interval '10 seconds', true, NULL),
             ('webhook', '{}', now() - interval '1 day', false, now())",
    );

    let depths = background_jobs::depths(&mut queue.connect()).unwrap();

    let [mail, webhook] = &depths[..] else { panic!("{depths:?}") };
    assert_eq!((&*mail.kind, mail.waiting, mail.running, mail.dead), ("mail", 2, 1, 0));
    assert!(mail.oldest_due.is_some_and(|age| age >= Duration::from_secs(90)), "{mail:?}");
    assert_eq!((&*webhook.kind, webhook.waiting, webhook.dead), ("webhook", 0, 1));
    assert_eq!(webhook.oldest_due, None, "a dead letter is not due");
}
