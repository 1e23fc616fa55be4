//! One job, one worker: the claim, its lease and its plan.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on has failed.

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use background_jobs::{JobId, Options, enqueue, store};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use foundation::explain::{PlanGuard, PlanRules, PlanTree, plan_of};
use support::{NOTES, Queue, eventually, note};

const LEASE: Duration = Duration::from_secs(30);

/// How often each job is taken when several workers take all there are, in step with each other.
fn taken(queue: &Queue, take: fn(&mut PgConnection, &Barrier) -> Vec<i64>) -> Vec<usize> {
    const WORKERS: usize = 4;
    let together = Arc::new(Barrier::new(WORKERS));
    let workers = (0..WORKERS).map(|_| {
        let (mut connection, together) = (queue.connect(), Arc::clone(&together));
        std::thread::spawn(move || {
            let rounds = (0..20).flat_map(|_| take(&mut connection, &together));
            rounds.collect::<Vec<i64>>()
        })
    });
    let workers: Vec<_> = workers.collect();
    let mut times = BTreeMap::new();
    for id in workers.into_iter().flat_map(|worker| worker.join().unwrap()) {
        *times.entry(id).or_insert(0) += 1;
    }
    times.into_values().collect()
}

fn fill(queue: &Queue, jobs: usize) {
    queue.execute(&format!(
        "INSERT INTO background_jobs (kind, payload)
         SELECT 'note', '{{\"text\": \"x\"}}' FROM generate_series(1, {jobs})"
    ));
}

#[test]
fn workers_that_claim_at_the_same_moment_never_take_one_job_twice() {
    let queue = Queue::new();
    fill(&queue, 400);

    let times = taken(&queue, |connection, together| {
        together.wait();
        let jobs = store::claim(connection, NOTES.name(), 5, LEASE).unwrap();
        jobs.iter().map(|job| job.id().get()).collect()
    });

    assert_eq!(times.len(), 400, "every job is taken");
    assert!(times.iter().all(|times| *times == 1), "and none twice");
}

/// What the test above would show without lock and lease: read what waits, then mark it.
#[test]
fn a_claim_that_reads_first_and_marks_later_takes_jobs_twice() {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let queue = Queue::new();
    fill(&queue, 400);

    let times = taken(&queue, |connection, together| {
        let waiting =
            "SELECT id FROM background_jobs WHERE NOT running ORDER BY run_at, id LIMIT 5";
        let jobs: Vec<Row> = diesel::sql_query(waiting).load(connection).unwrap();
        together.wait();
        let ids: Vec<i64> = jobs.into_iter().map(|row| row.id).collect();
        // One by one: a statement for all could lock them in another order than its rival's, and one
        // of the two would die of the deadlock.
        for id in &ids {
            diesel::sql_query("UPDATE background_jobs SET running = true WHERE id = $1")
                .bind::<BigInt, _>(id)
                .execute(connection)
                .unwrap();
        }
        together.wait();
        ids
    });

    assert!(times.iter().any(|times| *times > 1), "{times:?}");
}

#[test]
fn a_worker_that_lost_its_lease_can_no_longer_finish_fail_keep_or_give_back_the_job() {
    let queue = Queue::new();
    let mut connection = queue.connect();
    let id = queue.enqueue(&NOTES, "contested");
    let overtaken =
        store::claim(&mut connection, NOTES.name(), 1, Duration::ZERO).unwrap()[0].held();
    let holder = store::claim(&mut connection, NOTES.name(), 1, LEASE).unwrap()[0].held();
    assert_eq!((overtaken.id, holder.id), (id, id));
    assert!(holder.lease > overtaken.lease);

    let again = store::Again { held: overtaken, wait: LEASE, reason: "late".to_owned() };
    let none: Vec<store::Held> = Vec::new();
    assert_eq!(store::renew(&mut connection, &[(overtaken, LEASE)]).unwrap(), none);
    assert_eq!(store::again(&mut connection, &[again]).unwrap(), none);
    assert_eq!(store::give_back(&mut connection, &[overtaken]).unwrap(), none);
    assert!(!store::die(&mut connection, overtaken, "late", None).unwrap());
    assert_eq!(store::done(&mut connection, &[overtaken]).unwrap(), none);

    assert_eq!(queue.count("running AND last_error IS NULL"), 1, "nothing has changed");
    assert_eq!(store::done(&mut connection, &[holder]).unwrap(), [holder]);
}

#[test]
fn a_job_whose_worker_is_silent_is_due_again_when_its_lease_ends_and_not_before() {
    let queue = Queue::new();
    let mut connection = queue.connect();
    let id = queue.enqueue(&NOTES, "silent");
    let held = store::claim(&mut connection, NOTES.name(), 1, LEASE).unwrap()[0].held();

    assert!(store::claim(&mut connection, NOTES.name(), 1, LEASE).unwrap().is_empty());
    assert_eq!(store::renew(&mut connection, &[(held, Duration::ZERO)]).unwrap(), [held]);
    let second = store::claim(&mut connection, NOTES.name(), 1, LEASE).unwrap();
    assert_eq!(second[0].id(), id);
    assert_eq!(second[0].attempts, 2, "the silent attempt counts");
}

#[test]
fn jobs_of_one_order_key_go_one_after_the_other_and_a_dead_one_lets_the_next_pass() {
    let queue = Queue::new();
    let mut connection = queue.connect();
    let add = |key: &str| {
        let options = Options::in_order_of(key);
        enqueue(&mut queue.connect(), &NOTES, &note(key), &options).unwrap()
    };
    let sevens = [add("post-7"), add("post-7"), add("post-7")];
    let eight = add("post-8");
    let mut claim = || store::claim(&mut connection, NOTES.name(), 9, LEASE).unwrap();
    let ids = |jobs: &[store::Claimed]| jobs.iter().map(store::Claimed::id).collect::<Vec<JobId>>();

    let first = claim();
    assert_eq!(ids(&first), [sevens[0], eight], "the others wait");
    assert!(claim().is_empty());

    store::done(&mut queue.connect(), &[first[0].held()]).unwrap();
    let second = claim();
    assert_eq!(ids(&second), [sevens[1]]);

    let order = Some((NOTES.name(), "post-7"));
    let died = queue.connect().transaction(|c| store::die(c, second[0].held(), "no", order));
    assert!(died.unwrap());
    assert_eq!(ids(&claim()), [sevens[2]]);
}

#[test]
fn two_transactions_that_add_to_one_order_key_wait_for_each_other() {
    let queue = Queue::new();
    let (mut ours, mut theirs) = (queue.connect(), queue.connect());
    let add = |connection: &mut PgConnection| {
        enqueue(connection, &NOTES, &note("x"), &Options::in_order_of("post-7"))
    };

    let (first, second) = ours
        .transaction(|ours| {
            let first = add(ours)?;
            let second = std::thread::spawn(move || add(&mut theirs).unwrap());
            eventually("the other waits for our commit", || {
                queue.number(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                     AND NOT granted",
                ) == 1
            });
            QueryResult::Ok((first, second))
        })
        .unwrap();
    let second = second.join().unwrap();

    let claimed = store::claim(&mut ours, NOTES.name(), 9, LEASE).unwrap();
    assert_eq!(claimed.iter().map(store::Claimed::id).collect::<Vec<_>>(), [first]);
    assert_eq!(queue.count(&format!("id = {second} AND waits_for = {first}")), 1);
}

/// The plan as the keeper's own connection has it.
fn claim_plan(queue: &Queue) -> PlanTree {
    let mut connection = queue.connect();
    diesel::sql_query("SET plan_cache_mode = force_custom_plan").execute(&mut connection).unwrap();
    // The first execution also reads the catalog.
    store::claim(&mut connection, NOTES.name(), 10, LEASE).unwrap();
    plan_of(&mut connection, store::claim_query(NOTES.name(), 10, LEASE)).unwrap()
}

#[test]
fn a_claim_reads_what_it_takes_and_not_what_waits() {
    let queue = Queue::new();
    // Other kinds, jobs due later, dead letters and jobs that wait for others stand beside them.
    queue.execute(
        "INSERT INTO background_jobs (kind, payload, run_at, died_at, order_key, waits_for)
         SELECT CASE WHEN n % 4 = 0 THEN 'other' ELSE 'note' END, '{\"text\": \"x\"}',
                now() + CASE WHEN n % 5 = 0 THEN interval '1 day' ELSE interval '-1 day' END,
                CASE WHEN n % 7 = 0 THEN now() END, 'key', CASE WHEN n % 3 = 0 THEN 1 END
         FROM generate_series(1, 100000) AS n",
    );
    queue.execute("ANALYZE background_jobs");

    // Ten jobs, each read, locked, updated and entered into the indexes anew.
    let guard = claim_plan(&queue);
    PlanGuard::of(&guard)
        .uses_index("background_jobs_claim")
        .no_seq_scan("background_jobs")
        .no_sort()
        .at_most_rows_read(50)
        .at_most_buffers(300);
}

#[test]
fn a_hundred_thousand_jobs_that_are_done_do_not_make_the_next_claim_dear() {
    let queue = Queue::new();
    queue.execute("ALTER TABLE background_jobs SET (autovacuum_enabled = false)");
    // Nor does the planner know of them: the table was never analysed.
    fill(&queue, 100_000);
    queue.execute("DELETE FROM background_jobs");
    fill(&queue, 10_000);

    // A claim marks the dead entries that it meets, two hundred on a page, and the next ones pass
    // them by; once the deletion is on disk, that is, which servers of tests do not wait for.
    let affordable = PlanRules::default()
        .uses_index("background_jobs_claim")
        .no_seq_scan("background_jobs")
        .no_sort()
        .at_most_buffers(750);
    eventually("the dead are passed by", || affordable.violations(&claim_plan(&queue)).is_empty());

    queue.execute("VACUUM background_jobs");
    PlanGuard::of(&claim_plan(&queue)).no_sort().at_most_buffers(200);
}
