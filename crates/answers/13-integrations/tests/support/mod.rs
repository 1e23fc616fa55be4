//! A server with this answer alone, people who use it, and partners.

#![allow(dead_code)] // Each test binary uses its own part.

use std::sync::Arc;
use std::time::Duration;

use auth::testing::{SignedIn, sign_up};
use diesel::PgConnection;
use error_handling::Retry;
use foundation::config::DatabaseConfig;
use foundation::database::Database;
use foundation::metrics::Metrics;
use foundation::module::Module;
use foundation::redis::Redis;
use foundation::scratch::Scratch;
use foundation::signature::Secret;
use foundation::testing::{Reply, TestApp, config};
use integrations::breaker::{BreakerMetrics, Breakers};
use integrations::courier::Courier;
use integrations::delivery::{Deliveries, DeliverySettings};
use integrations::import::{Report, import};
use integrations::model::{PageId, PartnerId};
use integrations::outbox::{self, Event};
use integrations::outside::{Carrier, Warehouse};
use integrations::partners::{NewPartner, PartnerUrl, add};
use integrations::stream::Stream;
use integrations::worker::{Pace, Worker};
use serde_json::{Value, json};
use web_security::{Outbound, OutboundSettings};

pub(crate) const HEADER: &str =
    "id,url,title,slug,category,price,published,status,redirect_to,body\n";

/// Free to call loopback, where the partners of tests are.
pub(crate) const FLAGS: [&str; 4] = ["--rate-limit", "0", "--outbound-allow", "127.0.0.0/8"];

/// Pages and routes without a worker.
pub(crate) fn app() -> TestApp {
    serving(&integrations::WITHOUT_WORKER)
}

pub(crate) fn serving(module: &Module) -> TestApp {
    TestApp::serving(&[module], &FLAGS)
}

/// A server and somebody signed in to it.
pub(crate) fn owner() -> (TestApp, SignedIn) {
    let app = app();
    let owner = sign_up(&app, "owner");
    (app, owner)
}

/// Imports these rows below the usual header.
pub(crate) fn import_rows(app: &TestApp, owner: &SignedIn, rows: &str) -> Report {
    let csv = format!("{HEADER}{rows}");
    import(&mut app.scratch.connect().unwrap(), owner.user, csv.as_bytes()).unwrap()
}

/// A live page with this number; its slug is `page-N`, its address `/cms/N.html`.
pub(crate) fn row(id: u32) -> String {
    format!("{id},/cms/{id}.html,Page {id},page-{id},garden,{id}.00,2019-03-31,published,,text\n")
}

/// Imports so many pages.
pub(crate) fn import_pages(app: &TestApp, owner: &SignedIn, pages: u32) {
    let report = import_rows(app, owner, &(1..=pages).map(row).collect::<String>());
    assert_eq!((report.inserted, report.refused), (pages as usize, 0), "{report:?}");
}

/// A carrier that is a partner of somebody.
pub(crate) fn carrier(scratch: &Scratch, owner: &SignedIn) -> (Carrier, PartnerId) {
    let secret = Secret::random();
    let carrier = Carrier::start(secret.clone()).unwrap();
    let id = befriend(&mut scratch.connect().unwrap(), owner, &carrier.url(), &secret);
    (carrier, id)
}

/// Makes an address a partner; it signs and is signed with one secret.
pub(crate) fn befriend(
    connection: &mut PgConnection,
    owner: &SignedIn,
    url: &str,
    secret: &Secret,
) -> PartnerId {
    let new = NewPartner {
        name: "Partner".to_owned(),
        url: PartnerUrl::parse(url).unwrap(),
        outgoing: secret.clone(),
        incoming: secret.clone(),
    };
    add(connection, owner.user, &new).unwrap().id
}

/// A warehouse that is a partner of somebody.
pub(crate) fn warehouse(app: &TestApp, owner: &SignedIn) -> Warehouse {
    let secret = Secret::random();
    let mut connection = app.scratch.connect().unwrap();
    let id = befriend(&mut connection, owner, "http://warehouse.invalid", &secret);
    let inbox = format!("http://{}/api/v1/partners/{id}/events", app.address());
    Warehouse { inbox, secret }
}

/// A Redis of its own server's.
pub(crate) async fn redis_of(
    scratch: &Arc<Scratch>,
    redis: &foundation::testing::TestRedis,
) -> Redis {
    let mut connection = scratch.connect().unwrap();
    let metrics = Metrics::new().unwrap();
    let wait = Duration::from_secs(1);
    let redis = Redis::open_for(&mut connection, &redis.url(), wait, &metrics).unwrap();
    redis.settled().await;
    redis
}

/// Waits for something that happens on another thread.
pub(crate) async fn until(what: &str, mut happened: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if happened() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("after half a minute not yet: {what}");
}

/// Place and code of each refused field of a problem.
pub(crate) fn refused(reply: &Reply, status: u16) -> Vec<(String, String)> {
    let problem = reply.problem(status);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = |error: &Value| match error["pointer"].is_string() {
        true => text(&error["pointer"]),
        false => text(&error["parameter"]),
    };
    let errors = problem["errors"].as_array().unwrap();
    errors.iter().map(|error| (place(error), text(&error["code"]))).collect()
}

/// Quick about everything, and without an end to its patience.
pub(crate) const SETTINGS: DeliverySettings =
    DeliverySettings { retry: RETRY, lease: Duration::from_secs(10) };

pub(crate) const RETRY: Retry =
    Retry { attempts: 1_000, base: Duration::from_millis(1), cap: Duration::from_millis(20) };

pub(crate) fn database(app: &TestApp) -> Database {
    let settings: DatabaseConfig = config(&[]).database;
    Database::open(&app.scratch.url(), &settings, &Metrics::new().unwrap())
}

pub(crate) fn courier() -> Courier {
    let allow = vec!["127.0.0.0/8".parse().unwrap()];
    let outbound = Outbound::new(OutboundSettings { allow, ..OutboundSettings::default() });
    Courier::new(outbound, Duration::from_secs(5))
}

pub(crate) fn deliveries(app: &TestApp, settings: DeliverySettings, threshold: u32) -> Deliveries {
    let breakers = breakers(threshold, Duration::from_secs(60));
    Deliveries::new(database(app), courier(), breakers, settings)
}

pub(crate) fn breakers(threshold: u32, cool_down: Duration) -> Arc<Breakers> {
    let metrics = BreakerMetrics::register(&Metrics::new().unwrap()).unwrap();
    Arc::new(Breakers::new(threshold, cool_down, metrics))
}

pub(crate) fn worker(app: &TestApp, redis: Option<&Redis>) -> Worker {
    let deliveries = deliveries(app, SETTINGS, 1_000);
    Worker::start(database(app), deliveries, redis.map(Stream::new), Pace::default()).unwrap()
}

/// Notes an event about a page, as the transaction that changes its price does.
pub(crate) fn record(app: &TestApp, owner: &SignedIn, page: i64, price: i64) -> String {
    let event = event(page, price);
    let mut connection = app.scratch.connect().unwrap();
    outbox::record(&mut connection, owner.user, &event).unwrap().as_str().to_owned()
}

pub(crate) fn event(page: i64, price: i64) -> Event {
    let data = json!({"slug": format!("page-{page}"), "price_cents": price});
    Event { entity: PageId::from(page), kind: "page.price_changed", data }
}

pub(crate) fn prices(carrier: &Carrier) -> Vec<i64> {
    carrier.received().iter().map(|one| one.price_cents).collect()
}
