//! What a rung works with, and how each tells of its changes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use auth::UserId;
use chrono::Utc;
use diesel::prelude::*;
use diesel::result::Error;
use error_handling::Retry;
use evidence::{Failure, Outcome, Stage};
use foundation::metrics::Metrics;
use foundation::redis::Redis;
use foundation::scratch::{Scratch, number};
use foundation::signature::Secret;
use foundation::testing::TestRedis;
use serde_json::json;
use web_security::{Outbound, OutboundSettings};

use super::{Change, Seen};
use crate::breaker::BreakerMetrics;
use crate::courier::Courier;
use crate::delivery::DeliverySettings;
use crate::demo::{befriend, block_on};
use crate::model::{PartnerId, Price, Slug};
use crate::outbox::{self, Event, Queue};
use crate::outside::{Carrier, Received};
use crate::pages;
use crate::state::{DELIVER_WITHIN, work};
use crate::stream::Stream;
use crate::worker::{Pace, Worker};

/// Changes after which a worker is killed.
const BATCH: usize = 50;
/// Quicker than servers are, so that the demo is short; `calm` has their pace.
const PACE: Pace = Pace {
    poll: Duration::from_millis(10),
    sweep: Duration::from_millis(100),
    alone: Duration::from_millis(100),
    forsaken: Duration::from_millis(200),
    at_once: 16,
};

/// What a rung works with.
pub(super) struct World<'a> {
    stage: &'a Stage,
    scratch: &'a Scratch,
    owner: UserId,
    secret: Secret,
    carrier: Carrier,
    partner: PartnerId,
    outbound: Outbound,
    courier: Courier,
}

impl<'a> World<'a> {
    pub(super) fn new(
        stage: &'a Stage,
        scratch: &'a Scratch,
        owner: UserId,
    ) -> Result<Self, Failure> {
        let secret = Secret::random();
        let carrier = Carrier::start(secret.clone())?;
        let partner = befriend(&mut scratch.connect()?, owner, &carrier, &secret)?;
        let allow = vec!["127.0.0.0/8".parse()?];
        let outbound = Outbound::new(OutboundSettings { allow, ..OutboundSettings::default() });
        let courier = Courier::new(outbound.clone(), DELIVER_WITHIN);
        Ok(Self { stage, scratch, owner, secret, carrier, partner, outbound, courier })
    }

    /// The change alone, as a transaction that the fate may roll back.
    fn change(
        &self,
        connection: &mut PgConnection,
        change: &Change,
        rolls_back: bool,
        record: bool,
    ) -> Result<(), Failure> {
        let slug = Slug::parse(&format!("page-{}", change.page))?;
        let price = Price::from_cents(change.price)?;
        let done = connection.transaction(|connection| {
            let page = pages::set_price(connection, self.owner, &slug, price)?;
            let (entity, _) = page.ok_or(Error::NotFound)?;
            if record {
                let data = json!({"slug": slug.as_str(), "price_cents": price.cents()});
                let event = Event { entity, kind: "page.price_changed", data };
                outbox::record(connection, self.owner, &event)?;
            }
            if rolls_back { Err(Error::RollbackTransaction) } else { Ok(()) }
        });
        match done {
            Err(Error::RollbackTransaction) => Ok(()),
            other => Ok(other?),
        }
    }

    /// Tells the partner directly, under an id of its own.
    fn publish(&self, change: &Change) -> Outcome {
        let slug = format!("page-{}", change.page);
        let data = json!({"slug": slug, "price_cents": change.price});
        self.send(&format!("evt_{}", change.price), &json!({"data": data}).to_string())
    }

    fn send(&self, id: &str, body: &str) -> Outcome {
        let headers = self.secret.headers(id, Utc::now().timestamp(), body.as_bytes());
        let url = format!("{}/webhooks", self.carrier.url());
        block_on(self.courier.post(&url, &headers, body.as_bytes().to_vec()))?;
        Ok(())
    }

    /// What was told is true only if nothing goes wrong afterwards.
    pub(super) fn publish_first(&self, plan: &[Change]) -> Outcome {
        let mut connection = self.scratch.connect()?;
        for change in plan {
            self.stage.go_on()?;
            self.publish(change)?;
            // A process that dies before its commit has rolled back.
            self.change(&mut connection, change, change.rolls_back || change.dies, false)?;
        }
        Ok(())
    }

    /// What is true is told only if nothing goes wrong before.
    pub(super) fn commit_first(&self, plan: &[Change]) -> Outcome {
        let mut connection = self.scratch.connect()?;
        for change in plan {
            self.stage.go_on()?;
            self.change(&mut connection, change, change.rolls_back, false)?;
            if !change.rolls_back && !change.dies {
                self.publish(change)?;
            }
        }
        Ok(())
    }

    /// The change and its event are one transaction; workers are killed after sending and before
    /// noting it, and in the middle of whatever they do.
    pub(super) fn outbox(&self, plan: &[Change], redis: Option<&TestRedis>) -> Outcome {
        let mut connection = self.scratch.connect()?;
        let redis = redis.map(|redis| self.open(&mut connection, redis)).transpose()?;
        let mut progress = self.stage.progress("deliver", plan.len() as u64, "changes");
        for batch in plan.chunks(BATCH) {
            for change in batch {
                self.change(&mut connection, change, change.rolls_back, true)?;
                if change.dies && !change.rolls_back {
                    self.send_and_die(&mut connection, change)?;
                }
            }
            let worker = self.worker(redis.as_ref(), PACE)?;
            let before = self.carrier.calls();
            while self.carrier.calls() == before && self.pending(&mut connection)? > 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
            drop(worker);
            progress.advance(batch.len() as u64)?;
        }
        let _worker = self.worker(redis.as_ref(), PACE)?;
        let end = Instant::now() + Duration::from_secs(30);
        while self.pending(&mut connection)? > 0 && Instant::now() < end {
            self.stage.go_on()?;
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// How long each of a few events takes from its commit to the partner, when nothing dies.
    pub(super) fn calm(
        &self,
        plan: &[Change],
        redis: Option<&TestRedis>,
    ) -> Result<Vec<Duration>, Failure> {
        let mut connection = self.scratch.connect()?;
        let redis = redis.map(|redis| self.open(&mut connection, redis)).transpose()?;
        let _worker = self.worker(redis.as_ref(), Pace::default())?;
        let mut times = Vec::new();
        for change in plan {
            self.stage.go_on()?;
            let before = self.carrier.received().len();
            self.change(&mut connection, change, false, true)?;
            let began = Instant::now();
            while self.carrier.received().len() == before {
                if began.elapsed() > Duration::from_secs(10) {
                    return Err("an event was not delivered within ten seconds".into());
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            times.push(began.elapsed());
        }
        Ok(times)
    }

    fn open(&self, connection: &mut PgConnection, redis: &TestRedis) -> Result<Redis, Failure> {
        let wait = Duration::from_secs(1);
        let redis = Redis::open_for(connection, &redis.url(), wait, &Metrics::new()?)?;
        block_on(redis.settled());
        Ok(redis)
    }

    /// Takes the head of the page's queue, sends it, and notes nothing.
    fn send_and_die(&self, connection: &mut PgConnection, change: &Change) -> Outcome {
        let page = format!("SELECT id FROM catalogue_pages WHERE slug = 'page-{}'", change.page);
        let page = i64::try_from(number(connection, &page)?)?;
        let queue = Queue::new(self.partner.number(), page);
        // A lease of nothing: whoever comes next need not wait for it to end.
        if let Some(head) = outbox::claim(connection, queue, Duration::ZERO)? {
            self.send(&head.event_id, &head.body)?;
        }
        Ok(())
    }

    fn worker(&self, redis: Option<&Redis>, pace: Pace) -> Result<Worker, Failure> {
        let (base, cap) = (Duration::from_millis(50), Duration::from_millis(200));
        let retry = Retry { attempts: 1_000, base, cap };
        let settings = DeliverySettings { retry, lease: Duration::from_millis(250) };
        let metrics = BreakerMetrics::register(&Metrics::new()?)?;
        let stream = redis.map(Stream::new);
        let outbound = self.outbound.clone();
        work(&self.scratch.url(), outbound, metrics, stream, settings, pace)
    }

    fn pending(&self, connection: &mut PgConnection) -> QueryResult<u64> {
        let partner = self.partner;
        let query = "SELECT count(*) FROM outbox_events WHERE state = 'pending' AND partner_id =";
        number(connection, &format!("{query} {partner}"))
    }

    /// Compares what the partner has with what was committed, and ends the friendship.
    pub(super) fn judge(
        self,
        plan: &[Change],
        died_before_commit: bool,
        took: Duration,
    ) -> Result<Seen, Failure> {
        crate::partners::remove(&mut self.scratch.connect()?, self.owner, self.partner)?;
        let received = self.carrier.received();
        let happened = |change: &&Change| !(change.rolls_back || died_before_commit && change.dies);
        let committed: BTreeSet<i64> =
            plan.iter().filter(happened).map(|change| change.price).collect();
        let told: BTreeSet<i64> = received.iter().map(|one| one.price_cents).collect();
        let ids: BTreeSet<&str> = received.iter().map(|one| one.id.as_str()).collect();
        let count = |number: usize| number as u64;
        Ok(Seen {
            committed: count(committed.len()),
            lost: count(committed.difference(&told).count()),
            invented: count(told.difference(&committed).count()),
            repeats: count(received.len() - ids.len()),
            out_of_order: out_of_order(&received),
            took,
        })
    }
}

/// Events that came, for the first time, after a later one about the same page.
fn out_of_order(received: &[Received]) -> u64 {
    let (mut seen, mut last) = (BTreeSet::new(), BTreeMap::<&str, i64>::new());
    let mut late = 0;
    for one in received.iter().filter(|one| seen.insert(one.id.as_str())) {
        let last = last.entry(one.slug.as_str()).or_default();
        late += u64::from(*last > one.price_cents);
        *last = (*last).max(one.price_cents);
    }
    late
}
