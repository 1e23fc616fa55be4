//! Backend, worker, carrier and warehouse are processes here, and are killed while they work.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use auth::testing::SignedIn;
use foundation::scratch::{Scratch, number};
use foundation::signature::Secret;
use foundation::testing::{TestApp, TestRedis};
use integrations::model::PartnerId;
use integrations::outside::Received;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secrecy::ExposeSecret;
use serde_json::json;
use support::{befriend, import_pages, owner};

const PAGES: u32 = 20;
const EVENTS: i64 = 500;
/// What the warehouse tells, each of one thing more.
const TOLD: i64 = 100;
/// After so many changes something is killed.
const BETWEEN_KILLS: i64 = 50;

/// One of the four, which may be killed and started again.
struct Process {
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
    child: Option<Child>,
}

impl Process {
    /// Starts it and waits for the line that says that it works.
    fn start(arguments: &[&str], environment: &[(&'static str, String)]) -> Self {
        let arguments = arguments.iter().map(|&one| one.to_owned()).collect();
        let mut process = Self { arguments, environment: environment.to_vec(), child: None };
        process.restart();
        process
    }

    fn restart(&mut self) {
        self.kill();
        let mut child = Command::new(env!("CARGO_BIN_EXE_integrations"))
            .args(&self.arguments)
            .envs(self.environment.iter().cloned())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "it did not start: {:?}", self.arguments);
        self.child = Some(child);
    }

    /// SIGKILL: nothing is finished, nothing is told.
    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The four, and where the carrier notes what it got.
struct World {
    backend: Process,
    worker: Process,
    carrier: Process,
    warehouse: Process,
    journal: PathBuf,
    carrier_partner: PartnerId,
    base: String,
    token: String,
}

fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

impl World {
    fn start(app: &TestApp, owner: &SignedIn, redis: &TestRedis, folder: &Path) -> Self {
        let environment = [
            ("DATABASE_URL", app.scratch.url().expose_secret().to_owned()),
            ("REDIS_URL", redis.url().expose_secret().to_owned()),
            ("OUTBOUND_ALLOW", "127.0.0.0/8".to_owned()),
            ("RATE_LIMIT", "0".to_owned()),
        ];
        let (address, carrier_address) = (free_address(), free_address());
        let journal = folder.join("journal");
        let (secret, mut connection) = (Secret::random(), app.scratch.connect().unwrap());
        let url = format!("http://{carrier_address}");
        let carrier_partner = befriend(&mut connection, owner, &url, &secret);
        let base = format!("http://{address}");
        let reveal = secret.reveal();
        let inbox = format!("{base}/api/v1/partners/{carrier_partner}/events");
        let (events, pages) = (TOLD.to_string(), PAGES.to_string());
        let path = journal.to_str().unwrap();
        let carrier =
            ["carrier", "--listen", &carrier_address, "--secret", &reveal, "--journal", path];
        let backend = ["serve", "--listen", &address];
        let worker = [
            "worker",
            "--attempts",
            "100000",
            "--retry-base",
            "50ms",
            "--retry-cap",
            "500ms",
            "--lease",
            "2s",
        ];
        let warehouse = [
            "warehouse",
            "--inbox",
            &inbox,
            "--secret",
            &reveal,
            "--events",
            &events,
            "--pages",
            &pages,
        ];
        Self {
            carrier: Process::start(&carrier, &[]),
            backend: Process::start(&backend, &environment),
            worker: Process::start(&worker, &environment),
            warehouse: Process::start(&warehouse, &[]),
            journal,
            carrier_partner,
            base,
            token: owner.token.clone(),
        }
    }

    fn kill_one(&mut self, random: &mut StdRng) {
        let one = match random.random_range(0..4) {
            0 => &mut self.backend,
            1 => &mut self.worker,
            2 => &mut self.carrier,
            _ => &mut self.warehouse,
        };
        one.restart();
    }

    /// Changes a price until the backend says that it did; it may have been killed after it had.
    async fn change(&self, page: u32, price: i64) {
        let url = format!("{}/api/v1/catalogue/pages/page-{page}/price", self.base);
        for _ in 0..200 {
            let client = awc::Client::builder().timeout(Duration::from_secs(5)).finish();
            let sent = client
                .put(&url)
                .bearer_auth(&self.token)
                .send_json(&json!({"price_cents": price}))
                .await;
            if sent.is_ok_and(|response| response.status() == 200) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the backend takes no price");
    }

    fn received(&self) -> Vec<Received> {
        let journal = std::fs::read_to_string(&self.journal).unwrap_or_default();
        journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Changes and kills, until all is done; then everything runs once more.
async fn work_and_kill(world: &mut World, scratch: &Scratch, owner: &SignedIn) {
    let mut random = StdRng::seed_from_u64(42);
    let mut connection = scratch.connect().unwrap();
    for number in 1..=EVENTS {
        let page = random.random_range(1..=PAGES);
        // Each changes its page's price to another, so each is an event.
        world.change(page, 100_000 + number).await;
        if number % 10 == 0 {
            roll_back(&mut connection, owner, number);
        }
        if number % BETWEEN_KILLS == 0 {
            world.kill_one(&mut random);
        }
    }
    // The last word is that of the warehouse, which tells everything from the beginning.
    for process in [&mut world.carrier, &mut world.backend, &mut world.worker] {
        process.restart();
    }
    world.warehouse.restart();
}

/// What would have been an event, had its transaction not failed.
fn roll_back(connection: &mut diesel::PgConnection, owner: &SignedIn, number: i64) {
    use diesel::Connection;
    use integrations::outbox::{Event, record};
    let rolled_back: Result<(), diesel::result::Error> = connection.transaction(|connection| {
        let data = json!({"slug": "page-1", "price_cents": -number});
        let event = Event { entity: 1.into(), kind: "page.price_changed", data };
        record(connection, owner.user, &event)?;
        Err(diesel::result::Error::RollbackTransaction)
    });
    assert_eq!(rolled_back, Err(diesel::result::Error::RollbackTransaction));
}

fn count(scratch: &Scratch, query: &str) -> i64 {
    number(&mut scratch.connect().unwrap(), query).unwrap().cast_signed()
}

#[actix_web::test]
async fn no_event_is_lost_invented_or_applied_twice_whatever_is_killed() {
    let (app, owner) = owner();
    import_pages(&app, &owner, PAGES);
    let (redis, folder) = (TestRedis::start(), tempfile::tempdir().unwrap());
    let mut world = World::start(&app, &owner, &redis, folder.path());
    work_and_kill(&mut world, &app.scratch, &owner).await;

    let restarted = Instant::now();
    let pending =
        || count(&app.scratch, "SELECT count(*) FROM outbox_events WHERE state = 'pending'");
    while pending() > 0 || !world.warehouse.has_ended() {
        assert!(restarted.elapsed() < Duration::from_secs(30), "{} are not delivered", pending());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let partner = world.carrier_partner;
    let committed = format!("SELECT count(*) FROM outbox_events WHERE partner_id = {partner}");
    assert_eq!(count(&app.scratch, &committed), EVENTS);
    judge(&world.received());

    let stock = count(&app.scratch, "SELECT sum(stock) FROM catalogue_pages");
    assert_eq!(stock, TOLD, "each event of the warehouse counts once");
    assert_eq!(count(&app.scratch, "SELECT count(*) FROM inbox_events"), TOLD);
}

/// Every change was told, nothing else was, repeats have their id, and each page its order.
fn judge(received: &[Received]) {
    let mut prices: BTreeMap<&str, i64> = BTreeMap::new();
    let mut last: BTreeMap<&str, i64> = BTreeMap::new();
    for one in received {
        let known = prices.insert(&one.id, one.price_cents);
        assert!(known.is_none_or(|price| price == one.price_cents), "one id, two events: {one:?}");
        if known.is_none() {
            let before = last.insert(&one.slug, one.price_cents).unwrap_or_default();
            assert!(before < one.price_cents, "{one:?} came after {before}");
        }
    }
    let told: BTreeSet<i64> = prices.values().copied().collect();
    let expected: BTreeSet<i64> = (1..=EVENTS).map(|number| 100_000 + number).collect();
    assert_eq!(told.difference(&expected).collect::<Vec<_>>(), Vec::<&i64>::new(), "invented");
    assert_eq!(expected.difference(&told).collect::<Vec<_>>(), Vec::<&i64>::new(), "lost");
    assert_eq!(prices.len(), told.len(), "one event, two ids");
}
