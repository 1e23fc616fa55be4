//! People who order and people who look, from threads of their own, until they are told to stop.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use actix_web::rt::System;
use futures_util::future::join_all;

use crate::Outcome;
use crate::http::{Ask, client};
use crate::orders::Orders;
use crate::people::Person;

/// Pause of a person between two requests: load, and not a measurement of how much fits.
const PAUSE: Duration = Duration::from_millis(15);
/// How long a patient person goes on with one order.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the crowd does.
#[derive(Clone, Debug)]
pub(crate) struct Crowd {
    /// Where each of them goes, in turns; one entry is a proxy.
    pub(crate) bases: Vec<String>,
    pub(crate) orders: Orders,
    /// Each orders for himself.
    pub(crate) buyers: Vec<Person>,
    /// How many look.
    pub(crate) readers: usize,
    /// At what, instead of what is on sale.
    pub(crate) at: Option<String>,
    /// Whether an order that failed is placed again with its key.
    pub(crate) patient: bool,
    /// Makes keys of this crowd its own.
    pub(crate) name: &'static str,
}

/// What became of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Responses by status, 0 where there was none.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Refusals with 503 that do not say when to come back.
    pub(crate) untold: u64,
    /// Orders that were acknowledged.
    pub(crate) acknowledged: u64,
    /// Orders that were given up.
    pub(crate) given_up: u64,
    /// Looks that were answered with 200.
    pub(crate) looks: u64,
    /// The slowest good answer.
    pub(crate) slowest: Duration,
}

impl Tally {
    /// Requests in all.
    pub(crate) fn requests(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// Requests that were not answered with 2xx.
    pub(crate) fn failed(&self) -> u64 {
        let good = |status: u16| (200..300).contains(&status);
        self.statuses.iter().filter(|(status, _)| !good(**status)).map(|(_, count)| count).sum()
    }

    /// What failed, by status, such as `502×3`.
    pub(crate) fn failures(&self) -> String {
        let bad = self.statuses.iter().filter(|(status, _)| !(200..300).contains(*status));
        let told: Vec<String> = bad
            .map(|(status, count)| match status {
                0 => format!("no response×{count}"),
                status => format!("{status}×{count}"),
            })
            .collect();
        if told.is_empty() { "none".to_owned() } else { told.join(", ") }
    }

    fn answered(&mut self, status: u16, took: Duration) {
        *self.statuses.entry(status).or_default() += 1;
        if (200..300).contains(&status) {
            self.slowest = self.slowest.max(took);
        }
    }
}

/// A crowd at work.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    /// Requests answered so far, for those who wait for some.
    answered: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
    thread: JoinHandle<Tally>,
}

impl Load {
    pub(crate) fn start(crowd: Crowd) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (answered, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let shared = Shared {
            stop: Arc::clone(&stop),
            answered: Arc::clone(&answered),
            failed: Arc::clone(&failed),
        };
        let thread = std::thread::spawn(move || System::new().block_on(go(crowd, shared)));
        Self { stop, answered, failed, thread }
    }

    /// Requests answered so far.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::SeqCst)
    }

    /// Those of them that failed.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::SeqCst)
    }

    /// Lets everybody finish what they are at.
    pub(crate) fn finish(self) -> Outcome<Tally> {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().map_err(|_| "the load died".into())
    }
}

/// What goes to the thread of the load.
struct Shared {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
}

async fn go(crowd: Crowd, shared: Shared) -> Tally {
    let tally = RefCell::new(Tally::default());
    let people = crowd.buyers.iter().enumerate().map(|(number, buyer)| {
        let one = One { crowd: &crowd, shared: &shared, tally: &tally, number };
        async move { one.buy(buyer).await }
    });
    let readers = (0..crowd.readers).map(|number| {
        let one = One { crowd: &crowd, shared: &shared, tally: &tally, number };
        async move { one.look().await }
    });
    futures_util::future::join(join_all(people), join_all(readers)).await;
    tally.take()
}

/// One of the crowd.
struct One<'crowd> {
    crowd: &'crowd Crowd,
    shared: &'crowd Shared,
    tally: &'crowd RefCell<Tally>,
    number: usize,
}

impl One<'_> {
    fn stopped(&self) -> bool {
        self.shared.stop.load(Ordering::SeqCst)
    }

    fn base(&self, turn: usize) -> &str {
        &self.crowd.bases[(self.number + turn) % self.crowd.bases.len()]
    }

    async fn ask(&self, client: &awc::Client, ask: &Ask) -> u16 {
        let began = Instant::now();
        let reply = ask.send(client).await;
        let status = reply.status;
        let mut tally = self.tally.borrow_mut();
        tally.answered(status, began.elapsed());
        tally.untold += u64::from(status == 503 && !reply.headers.contains_key("retry-after"));
        drop(tally);
        self.shared.answered.fetch_add(1, Ordering::SeqCst);
        if !(200..300).contains(&status) {
            self.shared.failed.fetch_add(1, Ordering::SeqCst);
        }
        status
    }

    async fn buy(&self, buyer: &Person) {
        let client = client(None);
        let mut turn = 0;
        while !self.stopped() {
            let key = format!("{}-{}-{turn}", self.crowd.name, self.number);
            let began = Instant::now();
            loop {
                let base = self.base(turn);
                let ask = self.crowd.orders.place(base, &buyer.token, &key);
                turn += 1;
                if self.ask(&client, &ask).await == 201 {
                    self.tally.borrow_mut().acknowledged += 1;
                    break;
                }
                if !self.crowd.patient || began.elapsed() > PATIENCE {
                    self.tally.borrow_mut().given_up += 1;
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn look(&self) {
        let client = client(None);
        let mut turn = 0;
        while !self.stopped() {
            let base = self.base(turn);
            let ask = match &self.crowd.at {
                Some(path) => Ask::get(base, path),
                None => self.crowd.orders.look(base),
            };
            turn += 1;
            if self.ask(&client, &ask).await == 200 {
                self.tally.borrow_mut().looks += 1;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
