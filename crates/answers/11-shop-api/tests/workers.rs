//! Workers as processes: as many as the queue needs, told to go without losing what they do.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use foundation::scratch::Scratch;
use foundation::signature::Secret;
use foundation::testing::{TestApp, count, execute};
use local_services::{Signal, send_signal};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use shop_api::payments::SECRET_SETTING;
use shop_api::provider::{Provider, Settings};
use support::{SECRET, eventually, on_sale, order_one, shop_and_buyer};

/// `shop-workers`; killed when dropped, and its workers with it.
struct Supervisor {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Supervisor {
    fn start(scratch: &Scratch, provider: &Provider, flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_shop-api"))
            .args(["shop-workers", "--every", "50ms"])
            .args(flags)
            .env("DATABASE_URL", scratch.url().expose_secret())
            .env("SHOP_PAYMENT_URL", provider.url())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next change: what it was, and how many workers stay.
    fn change(&mut self) -> (String, u64) {
        let line = self.lines.next().expect("the supervisor tells of each change").unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        (told["change"].as_str().unwrap().to_owned(), told["workers"].as_u64().unwrap())
    }

    fn children(&self) -> Vec<u32> {
        let listed = Command::new("pgrep").args(["-P", &self.child.id().to_string()]).output();
        let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
        listed.lines().map(|pid| pid.parse().unwrap()).collect()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn provider() -> Provider {
    let secret = Secret::of_setting(SECRET_SETTING, &SecretString::from(SECRET)).unwrap();
    Provider::start(Settings::friendly(secret)).unwrap()
}

/// The provider has been asked for the money of an order, and says nothing yet.
async fn one_worker_in_the_middle_of_a_charge() -> (TestApp, Provider, Supervisor) {
    let (app, buyer) = shop_and_buyer();
    let provider = provider();
    on_sale(&app.scratch, "shoe", 4_990, 10);
    order_one(&buyer, "k", "shoe").await;
    provider.hold_answers(true);
    let flags = ["--min", "1", "--max", "1"];
    let mut supervisor = Supervisor::start(&app.scratch, &provider, &flags);
    assert_eq!(supervisor.change(), more(1));
    eventually("it asks the provider", async || provider.calls() == 1).await;
    (app, provider, supervisor)
}

fn more(workers: u64) -> (String, u64) {
    ("more".to_owned(), workers)
}

fn fewer(workers: u64) -> (String, u64) {
    ("fewer".to_owned(), workers)
}

#[test]
fn the_number_of_workers_follows_the_queue_up_and_down() {
    let app = support::app();
    let provider = provider();
    let flags = ["--min", "1", "--max", "3", "--per-worker-depth", "10"];
    let mut supervisor = Supervisor::start(&app.scratch, &provider, &flags);
    assert_eq!(supervisor.change(), more(1), "idle");

    // Due in an hour: the workers leave them alone, and the depth stays as it is.
    execute(
        &app.scratch,
        "INSERT INTO background_jobs (kind, payload, run_at)
         SELECT 'shop-charge', '{\"order\": 1}', now() + interval '1 hour'
         FROM generate_series(1, 25)",
    );
    assert_eq!(supervisor.change(), more(3), "25 jobs, 10 for each");

    execute(&app.scratch, "DELETE FROM background_jobs");
    assert_eq!(supervisor.change(), fewer(2), "one at a time");
    assert_eq!(supervisor.change(), fewer(1));

    send_signal(supervisor.child.id(), Signal::Terminate).unwrap();
    assert_eq!(supervisor.change(), ("ended".to_owned(), 0));
    assert!(supervisor.child.wait().unwrap().success());
}

#[actix_web::test]
async fn a_worker_that_is_told_to_go_finishes_the_charge_that_it_has_begun() {
    let (app, provider, mut supervisor) = one_worker_in_the_middle_of_a_charge().await;

    send_signal(supervisor.child.id(), Signal::Terminate).unwrap();
    provider.hold_answers(false);

    assert_eq!(supervisor.change(), ("ended".to_owned(), 0));
    assert!(supervisor.child.wait().unwrap().success());
    assert_eq!(count(&app.scratch, "shop_payments"), 1);
    assert_eq!(count(&app.scratch, "background_jobs"), 0);
    assert_eq!((provider.calls(), provider.charges().len()), (1, 1));
}

#[actix_web::test]
async fn a_worker_that_dies_is_replaced_and_its_job_done_by_another() {
    let (app, provider, mut supervisor) = one_worker_in_the_middle_of_a_charge().await;

    for worker in supervisor.children() {
        send_signal(worker, Signal::Kill).unwrap();
    }
    assert_eq!(supervisor.change(), ("died".to_owned(), 0));
    assert_eq!(supervisor.change(), more(1));
    provider.hold_answers(false);
    // Its lease ends with it, instead of a quarter of a minute later.
    execute(&app.scratch, "UPDATE background_jobs SET run_at = now()");

    eventually("another does it", async || count(&app.scratch, "background_jobs") == 0).await;
    assert_eq!(count(&app.scratch, "shop_payments"), 1);
    assert_eq!(provider.charges().len(), 1, "one key, one charge, though it was asked for twice");
}

#[actix_web::test]
async fn workers_go_when_their_supervisor_is_killed() {
    let app = support::app();
    let provider = provider();
    let mut supervisor = Supervisor::start(&app.scratch, &provider, &["--min", "2", "--max", "2"]);
    assert_eq!(supervisor.change(), more(2));
    let workers = supervisor.children();
    assert_eq!(workers.len(), 2);

    send_signal(supervisor.child.id(), Signal::Kill).unwrap();
    supervisor.child.wait().unwrap();

    let lives = |pid: &u32| std::path::Path::new(&format!("/proc/{pid}/cmdline")).exists();
    let alive = || workers.iter().filter(|pid| lives(pid)).count();
    eventually("they are gone", async || alive() == 0).await;
}
