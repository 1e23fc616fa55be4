//! Workers as processes of their own, which are killed or told to stop, and workers in a server.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on has failed.

mod support;

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use background_jobs::{Attempt, JobId, Kind, MODULE, Options, enqueue};
use foundation::module::Module;
use foundation::testing::{TestApp, count};
use local_services::{Signal, send_signal};
use serde::{Deserialize, Serialize};
use support::{Queue, eventually, next};

/// What the worker process does; see `src/main.rs`.
#[derive(Serialize, Deserialize)]
struct Pause {
    milliseconds: u64,
}

/// The lease is that of the process: a second.
static PAUSE: Kind<Pause> = Kind::new("pause").leased_for(Duration::from_secs(1)).at_once(64);

/// A worker process; killed when dropped.
struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(queue: &Queue) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_background-jobs"))
            .arg("work")
            .envs(queue.scratch.environment())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("the process tells of its jobs").unwrap()
    }

    fn kill_9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pause(queue: &Queue, milliseconds: u64) -> JobId {
    enqueue(&mut queue.connect(), &PAUSE, &Pause { milliseconds }, &Options::default()).unwrap()
}

#[test]
fn a_job_whose_worker_is_killed_with_9_runs_again_elsewhere_after_its_lease() {
    let queue = Queue::new();
    let mut process = Process::start(&queue);
    let id = pause(&queue, 600_000);
    assert_eq!(process.line(), format!("begins {id}"));

    process.kill_9();
    assert_eq!(queue.count("running"), 1, "nobody could give it back");

    let workers = queue.workers();
    let (tell, told) = channel();
    let tell = Mutex::new(tell);
    let run = move |attempt: Attempt<Pause>| {
        tell.lock().unwrap().send((attempt.id(), attempt.number)).unwrap();
        std::future::ready(Ok(()))
    };
    workers.register(&PAUSE, run).unwrap();
    assert_eq!(next(&told), (id, 2));
    queue.drains();
}

#[test]
fn no_job_is_lost_while_worker_processes_are_killed_one_after_the_other() {
    let queue = Queue::new();
    queue.execute(
        "INSERT INTO background_jobs (kind, payload)
         SELECT 'pause', '{\"milliseconds\": 5}' FROM generate_series(1, 2000)",
    );

    for _ in 0..3 {
        let mut process = Process::start(&queue);
        // In the middle of the work: some jobs are done, some run, most wait.
        while !process.line().starts_with("ends") {}
        process.kill_9();
    }
    assert!(queue.count("true") > 0, "work is left");

    let _last = Process::start(&queue);
    queue.drains();
}

#[test]
fn a_process_that_is_told_to_stop_finishes_what_it_has_begun() {
    let queue = Queue::new();
    let mut process = Process::start(&queue);
    let id = pause(&queue, 300);
    assert_eq!(process.line(), format!("begins {id}"));

    send_signal(process.child.id(), Signal::Terminate).unwrap();

    assert_eq!(process.line(), format!("ends {id}"));
    assert!(process.child.wait().unwrap().success());
    assert_eq!(queue.count("true"), 0);
}

/// A module that registers a kind, as an answer does.
static PAUSING: Module = Module {
    routes: |_| {},
    start: |starting| {
        let workers = background_jobs::start(starting)?;
        workers.register(&PAUSE, |attempt: Attempt<Pause>| async move {
            tokio::time::sleep(Duration::from_millis(attempt.payload.milliseconds)).await;
            Ok(())
        })?;
        Ok(workers.share())
    },
    jobs: &[],
};

#[test]
fn the_workers_of_a_server_do_the_jobs_of_its_modules_and_stop_with_it() {
    let queue = Queue::new();
    let scratch = Arc::new(queue.scratch);
    let app = TestApp::serving_on(&scratch, &[&MODULE, &PAUSING], &[]);
    let mut connection = scratch.connect().unwrap();
    let rows = |condition: &str| count(&scratch, &format!("background_jobs WHERE {condition}"));

    enqueue(&mut connection, &PAUSE, &Pause { milliseconds: 0 }, &Options::default()).unwrap();
    eventually("it is done", || rows("true") == 0);

    enqueue(&mut connection, &PAUSE, &Pause { milliseconds: 1_500 }, &Options::default()).unwrap();
    eventually("it runs", || rows("running") == 1);
    let metrics = String::from_utf8(app.metrics.render().unwrap()).unwrap();
    assert!(metrics.contains("background_jobs_attempts_total{end=\"done\",kind=\"pause\"} 1"));
    drop(app);
    assert_eq!(rows("true"), 0, "the server waited for the job that ran");
}
