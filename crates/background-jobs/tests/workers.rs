//! What workers do with jobs: each is done by its handler, apart from the others.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on has failed.

mod support;

use std::sync::mpsc::channel;
use std::time::Duration;

use background_jobs::{Attempt, Failure, Kind, KindTaken, Options, Settings, enqueue};
use diesel::prelude::*;
use support::{NOTES, Note, PATIENCE, Queue, SOON, eventually, held, next, note, telling};

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
fn no_more_jobs_of_a_kind_run_at_once_than_it_allows_and_a_slow_kind_holds_up_no_other() {
    static SLOW: Kind<Note> = Kind::new("slow").at_once(2);
    let queue = Queue::new();
    let workers = queue.workers();
    let (hold, began, open) = held();
    for _ in 0..5 {
        queue.enqueue(&SLOW, "slow");
    }
    workers.register(&SLOW, hold).unwrap();
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
