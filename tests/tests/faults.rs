//! What breaks under a running backend, and what it makes of it.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};
use end_to_end::backend::Backend;
use end_to_end::binary;
use local_services::{Postgres, Purpose};
use serde_json::json;
use tempfile::TempDir;

/// A PostgreSQL of this test alone, durable as in service, and a backend on it.
struct World {
    backend: Backend,
    postgres: Option<Postgres>,
    /// Last, as fields are dropped in order: the server's folder must outlive the server.
    home: TempDir,
}

impl World {
    fn start(flags: &[&str]) -> Self {
        Self::start_after(flags, |_| {})
    }

    fn start_after(flags: &[&str], prepare: impl FnOnce(&mut PgConnection)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let postgres = Postgres::acquire(home.path(), Purpose::Serve).unwrap();
        prepare(&mut PgConnection::establish(postgres.url()).unwrap());
        let backend = Backend::start(|command| {
            command.env("DATABASE_URL", postgres.url()).args(["--rate-limit", "0"]).args(flags);
        })
        .unwrap();
        Self { backend, postgres: Some(postgres), home }
    }

    /// The postmaster and everything it started.
    fn processes(&self) -> Vec<u32> {
        let postmaster = self.postgres.as_ref().unwrap().pid();
        let children =
            Command::new("pgrep").args(["-P", &postmaster.to_string()]).output().unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        let mut all = vec![postmaster];
        all.extend(children.lines().filter_map(|pid| pid.parse::<u32>().ok()));
        all
    }

    fn signal_postgres(&self, name: &str) {
        for process in self.processes() {
            let _ = binary::signal(process, name);
        }
    }

    /// Kills every process of PostgreSQL at once and starts it again.
    fn crash_postgres(&mut self) {
        self.signal_postgres("KILL");
        // Attaches to the folder, finds the server dead and starts it: recovery takes a moment.
        let again = Postgres::acquire(self.home.path(), Purpose::Serve).unwrap();
        self.postgres = Some(again);
    }
}

struct Answer {
    status: u16,
    retry_after: bool,
    took: Duration,
}

async fn get(base: &str, path: &str) -> Answer {
    let began = Instant::now();
    let client = awc::Client::builder().timeout(Duration::from_secs(20)).finish();
    let sent = client.get(format!("{base}{path}")).send().await;
    let (status, retry_after) = match sent {
        Ok(response) => {
            (response.status().as_u16(), response.headers().contains_key("retry-after"))
        }
        Err(_) => (0, false),
    };
    Answer { status, retry_after, took: began.elapsed() }
}

async fn until_ready(base: &str) {
    for _ in 0..400 {
        if get(base, "/health/ready").await.status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("not ready again within ten seconds");
}

#[actix_web::test]
async fn a_database_that_hangs_costs_its_requests_and_nothing_else() {
    let world = World::start(&[]);
    let base = world.backend.base();
    assert_eq!(get(base, "/api/v1/logs").await.status, 200);
    world.signal_postgres("STOP");
    let calls = (0..40).map(|_| get(base, "/api/v1/logs"));
    let answers = futures_util::future::join_all(calls).await;
    for answer in &answers {
        assert_eq!((answer.status, answer.retry_after), (503, true));
        // The bound that the configuration promises, with room for a slow machine.
        assert!(answer.took < Duration::from_secs(4), "{:?}", answer.took);
    }
    assert_eq!(get(base, "/health/live").await.status, 200);
    assert_eq!(get(base, "/health/ready").await.status, 503);
    world.signal_postgres("CONT");
    until_ready(base).await;
    assert_eq!(get(base, "/api/v1/logs").await.status, 200);
}

/// Thirty-two writers while PostgreSQL is killed five times; returns what was acknowledged and
/// what is there.
async fn write_through_crashes(mut world: World) -> (BTreeSet<String>, BTreeSet<String>) {
    let base = world.backend.base().to_owned();
    let acknowledged = Rc::new(RefCell::new(BTreeSet::new()));
    let stop = Rc::new(Cell::new(false));
    let writers: Vec<_> = (0..32)
        .map(|writer| {
            let (base, stop) = (base.clone(), Rc::clone(&stop));
            let acknowledged = Rc::clone(&acknowledged);
            actix_web::rt::spawn(async move {
                let client = awc::Client::builder().timeout(Duration::from_secs(20)).finish();
                for serial in 0_u32.. {
                    if stop.get() {
                        break;
                    }
                    let message = format!("{writer}-{serial}");
                    let entry = json!({ "logged_at": "2026-01-01T00:00:00Z", "level": "info",
                                        "service": "crash", "message": message });
                    let sent = client
                        .post(format!("{base}/api/v1/logs"))
                        .send_json(&json!({ "entries": [entry] }))
                        .await;
                    match sent {
                        Ok(response) if response.status() == 201 => {
                            acknowledged.borrow_mut().insert(message);
                        }
                        _ => tokio::time::sleep(Duration::from_millis(20)).await,
                    }
                }
            })
        })
        .collect();
    for _ in 0..5 {
        let before = acknowledged.borrow().len();
        while acknowledged.borrow().len() < before + 200 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        world.crash_postgres();
        until_ready(&base).await;
    }
    stop.set(true);
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(world.backend.is_running().unwrap(), "the backend went through it all");
    let url = world.postgres.as_ref().unwrap().url().to_owned();
    let mut connection = PgConnection::establish(&url).unwrap();
    let stored: Vec<Message> = sql_query("SELECT message FROM log_entries WHERE service = 'crash'")
        .load(&mut connection)
        .unwrap();
    (acknowledged.take(), stored.into_iter().map(|row| row.message).collect())
}

#[derive(QueryableByName)]
struct Message {
    #[diesel(sql_type = Text)]
    message: String,
}

#[actix_web::test]
async fn no_acknowledged_write_is_lost_when_postgresql_is_killed_five_times() {
    let (acknowledged, stored) = write_through_crashes(World::start(&[])).await;
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(acknowledged.len() >= 1_000, "{} were acknowledged", acknowledged.len());
    assert!(lost.is_empty(), "{} of {} lost: {lost:?}", lost.len(), acknowledged.len());
}

/// The control: without it, the test above might not be able to see a loss.
#[actix_web::test]
async fn without_synchronous_commit_the_same_crashes_do_lose_some() {
    let world = World::start_after(&[], |connection| {
        sql_query("ALTER ROLE CURRENT_USER SET synchronous_commit = off")
            .execute(connection)
            .unwrap();
    });
    let (acknowledged, stored) = write_through_crashes(world).await;
    assert!(acknowledged.difference(&stored).count() > 0, "nothing of {} lost", acknowledged.len());
}

#[actix_web::test]
async fn sigterm_under_load_answers_every_accepted_request_and_exits_with_0() {
    let mut world = World::start(&["--drain", "1s"]);
    let base = world.backend.base().to_owned();
    let drained = Rc::new(Cell::new(false));
    let clients: Vec<_> = (0..16)
        .map(|_| {
            let (base, drained) = (base.clone(), Rc::clone(&drained));
            actix_web::rt::spawn(async move {
                let mut statuses = Vec::new();
                // As behind a load balancer: requests are sent until readiness says no.
                while !drained.get() {
                    statuses.push(get(&base, "/api/v1/logs").await.status);
                }
                statuses
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.backend.signal("TERM").unwrap();
    while get(&base, "/health/ready").await.status == 200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(get(&base, "/health/live").await.status, 200, "it lives while it drains");
    drained.set(true);
    let mut served = 0;
    for client in clients {
        let statuses = client.await.unwrap();
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        served += statuses.len();
    }
    assert!(served >= 16, "{served} requests were on their way");
    assert_eq!(world.backend.wait().unwrap().code(), Some(0));
}
