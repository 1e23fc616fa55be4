//! Whose a job is: renewed while it runs, lost to another, given back at the end.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on has failed.

mod support;

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use background_jobs::{Attempt, Failure, Kind, Settings};
use diesel::prelude::*;
use support::{NOTES, Note, Queue, eventually, held, next, telling};

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
fn a_lease_is_renewed_for_as_long_as_its_job_runs() {
    static LEASED: Kind<Note> = Kind::new("note").leased_for(Duration::from_secs(2));
    let queue = Queue::new();
    let workers = queue.workers();
    let (hold, began, open) = held();
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
    let (hold, began, open) = held();
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
