//! The load: waves of the same requests, whatever the fault, the mitigation or the fix.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actix_web::http::Method;
use actix_web::rt::{System, SystemRunner};
use evidence::Failure;
use futures_util::future::{join, join_all};

use crate::service::{BIG_CUSTOMER, OBJECTIVE, Service};
use crate::signals::Seen;
use crate::store::{CUSTOMERS, ORDERS_EACH};

/// Requests of one wave.
pub(crate) const WAVE: u64 = 12;
/// Requests of one wave that ask for a parcel, and for a history.
const PARCELS: f64 = 2.0;
const HISTORIES: f64 = 2.0;
/// The client's own patience: far beyond the objective, so that the service has the last word.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the service is looked at from beside during a wave.
const GLANCE: Duration = Duration::from_millis(40);

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Route {
    Order,
    UnknownOrder,
    Parcel,
    History,
    Receipt,
}

impl Route {
    /// Its name in words.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::UnknownOrder => "unknown order",
            Self::Parcel => "parcel",
            Self::History => "history",
            Self::Receipt => "receipt",
        }
    }

    const fn expected(self) -> u16 {
        match self {
            Self::UnknownOrder => 404,
            Self::Receipt => 202,
            Self::Order | Self::Parcel | Self::History => 200,
        }
    }

    fn path(self, id: i64) -> (Method, String) {
        match self {
            Self::Order | Self::UnknownOrder => (Method::GET, format!("/api/v1/orders/{id}")),
            Self::Parcel => (Method::GET, format!("/api/v1/orders/{id}/parcel")),
            Self::History => (Method::GET, format!("/api/v1/customers/{id}/orders")),
            Self::Receipt => (Method::POST, format!("/api/v1/orders/{id}/receipt")),
        }
    }
}

/// A request and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) route: Route,
    /// The order, or the customer of a history.
    pub(crate) id: i64,
    /// None when there was no answer at all.
    pub(crate) status: Option<u16>,
    pub(crate) took: Duration,
    pub(crate) request_id: String,
    /// Answered well and with less than usual: a parcel without its status.
    pub(crate) partial: bool,
}

impl Answered {
    /// Whether it broke the objective: another status than promised, or too late.
    pub(crate) fn failed(&self) -> bool {
        self.status != Some(self.route.expected()) || self.took > OBJECTIVE
    }

    /// Whether it asked for an order that does not exist.
    pub(crate) fn is_unknown(&self) -> bool {
        self.route == Route::UnknownOrder
    }

    /// The status, or what came instead, in words.
    pub(crate) fn outcome(&self) -> String {
        match self.status {
            None => "no answer".to_owned(),
            Some(status) if self.took > OBJECTIVE => format!("{status}, late"),
            Some(status) => status.to_string(),
        }
    }
}

/// One wave: its requests, and what was seen of the service meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Wave {
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    pub(crate) answers: Vec<Answered>,
    pub(crate) seen: Seen,
}

impl Wave {
    /// Requests that broke the objective.
    pub(crate) fn failed(&self) -> u64 {
        self.failures().count() as u64
    }

    pub(crate) fn failures(&self) -> impl Iterator<Item = &Answered> {
        self.answers.iter().filter(|answer| answer.failed())
    }
}

/// Clients of the service. Stays on the thread that made it.
pub(crate) struct Load {
    system: SystemRunner,
    client: awc::Client,
    waves: u64,
}

impl Load {
    pub(crate) fn new() -> Self {
        let system = System::new();
        let client = system.block_on(async { awc::Client::builder().timeout(PATIENCE).finish() });
        Self { system, client, waves: 0 }
    }

    /// Sends one wave and waits for every answer.
    pub(crate) fn wave(&mut self, service: &Service) -> Result<Wave, Failure> {
        let number = self.waves;
        self.waves += 1;
        let before = service.counters()?;
        let began = Instant::now();
        let requests = requests(number).into_iter().enumerate().map(|(index, (route, id))| {
            let request_id = format!("w{number}-{index}");
            ask(&self.client, service.address, route, id, request_id)
        });
        let answered = Cell::new(false);
        let all = async {
            let answers = join_all(requests).await;
            answered.set(true);
            answers
        };
        let wave = join(all, look(&self.client, service, &answered));
        let (answers, seen) = self.system.block_on(wave);
        let (ended, mut seen) = (Instant::now(), seen?);
        let after = service.counters()?;
        let (calls, statements) = after.since(&before);
        seen.calls_per_parcel = calls / PARCELS;
        seen.statements_per_history = statements / HISTORIES;
        service.look(&mut seen, &after);
        Ok(Wave { began, ended, answers, seen })
    }
}

/// The same mix in every wave, over other orders.
fn requests(wave: u64) -> Vec<(Route, i64)> {
    let orders = CUSTOMERS * ORDERS_EACH;
    let wave = i64::try_from(wave).unwrap_or_default();
    let order = |nth: i64| 1 + (wave * 7 + nth * 31) % orders;
    let mut requests = vec![(Route::Receipt, order(0))];
    requests.extend((1..=6).map(|nth| (Route::Order, order(nth))));
    requests.push((Route::UnknownOrder, 1_000_000 + wave));
    requests.extend([(Route::Parcel, order(7)), (Route::Parcel, order(8))]);
    requests.extend([(Route::History, BIG_CUSTOMER), (Route::History, 2 + wave % (CUSTOMERS - 1))]);
    requests
}

async fn ask(
    client: &awc::Client,
    address: SocketAddr,
    route: Route,
    id: i64,
    request_id: String,
) -> Answered {
    let (method, path) = route.path(id);
    let began = Instant::now();
    let request = client.request(method, format!("http://{address}{path}"));
    let sent = request.insert_header(("x-request-id", request_id.as_str())).send().await;
    let (status, body) = match sent {
        Ok(mut response) => {
            let status = response.status().as_u16();
            let body = response.body().limit(1 << 20).await;
            (body.is_ok().then_some(status), body.unwrap_or_default())
        }
        Err(_) => Default::default(),
    };
    let took = began.elapsed();
    let partial = route == Route::Parcel
        && status == Some(200)
        && !body.windows(8).any(|part| part == b"\"status\"");
    Answered { route, id, status, took, request_id, partial }
}

/// Looks at the service from beside until every request is answered, and keeps the worst.
async fn look(
    client: &awc::Client,
    service: &Service,
    answered: &Cell<bool>,
) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    loop {
        tokio::time::sleep(GLANCE).await;
        seen.of_sessions(&service.sessions()?);
        let began = Instant::now();
        let alive = client.get(format!("http://{}/health/live", service.address)).send().await;
        let took = if alive.is_ok() { began.elapsed() } else { PATIENCE };
        seen.live_ms = seen.live_ms.max(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        if answered.get() {
            return Ok(seen);
        }
    }
}
