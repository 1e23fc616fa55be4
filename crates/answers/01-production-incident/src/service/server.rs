//! The service as a process would run it: its server on a thread, and what somebody on call uses.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;

use actix_web::{rt, web};
use clap::Parser;
use diesel::PgConnection;
use evidence::Failure;
use foundation::config::Config;
use foundation::database::Database;
use foundation::http::{Mount, Parts, Running, Server, StopHandle};
use foundation::metrics::Metrics;
use foundation::module::Share;
use foundation::operations::{Activity, activity};
use foundation::scratch::Scratch;

use super::carrier::Carrier;
use super::handlers::routes;
use super::place::Place;
use super::{Action, Feature, NAME, State};
use crate::faults::Fault;
use crate::signals::{Counters, Seen};
use crate::store;

/// The limits of the patient: one worker and few threads, so that little load shows much.
const FLAGS: [&str; 25] = [
    "order-lookup",
    "--listen",
    "127.0.0.1:0",
    "--http-workers",
    "1",
    "--rate-limit",
    "0",
    "--request-timeout",
    "1s",
    "--slow-request",
    "200ms",
    "--database-threads",
    "2",
    "--database-write-threads",
    "2",
    "--database-long-threads",
    "1",
    "--database-wait",
    "1s",
    "--statement-timeout",
    "1s",
    "--lock-timeout",
    "300ms",
    "--shutdown-timeout",
    "2s",
];

#[derive(Parser)]
#[command(args_override_self = true)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

/// The order-lookup service, running on a loopback port until this is dropped.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Metrics,
    state: Arc<State>,
    /// A session beside the service's own, as a person on call has.
    watch: Mutex<PgConnection>,
    stop: StopHandle,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Makes and fills its tables and starts to serve.
    pub(crate) fn start(scratch: &Scratch) -> Result<Self, Failure> {
        let mut watch = scratch.connect()?;
        let place = Place::of_its_own(scratch);
        store::create(&mut watch, &place.schema())?;
        let (tell, told) = mpsc::channel();
        let thread =
            std::thread::Builder::new().name("order-lookup".to_owned()).spawn(move || {
                rt::System::new().block_on(async move {
                    let (launched, running) = match launch(&place) {
                        Ok((launched, running)) => (Ok(launched), Some(running)),
                        Err(error) => (Err(error), None),
                    };
                    let _ = tell.send(launched);
                    if let Some(running) = running {
                        let _ = running.until_stopped(|| {}).await;
                    }
                });
            })?;
        let Launched { address, metrics, state, stop } = told.recv()??;
        let watch = Mutex::new(watch);
        Ok(Self { address, metrics, state, watch, stop, thread: Some(thread) })
    }

    pub(crate) fn inject(&self, fault: Fault) -> Result<(), Failure> {
        self.state.inject(fault, &mut self.watch())
    }

    pub(crate) fn apply(&self, action: Action) -> Result<(), Failure> {
        self.state.apply(action, &mut self.watch())
    }

    /// Deploys the fix of a fault.
    pub(crate) fn repair(&self, fault: Fault) -> Result<(), Failure> {
        self.state.repair(fault)
    }

    pub(crate) fn switch_on(&self, feature: Feature) {
        self.state.part(feature).switch(true);
    }

    /// Unknown orders that were noted.
    pub(crate) fn notes(&self) -> Result<u64, Failure> {
        Ok(store::notes(&mut self.watch())?)
    }

    /// What `/metrics` shows.
    pub(crate) fn exposition(&self) -> Result<String, Failure> {
        self.state.pool.count();
        Ok(String::from_utf8(self.metrics.render()?)?)
    }

    pub(crate) fn counters(&self) -> Result<Counters, Failure> {
        Ok(Counters::read(&self.exposition()?))
    }

    /// Sessions of the database, as `pg_stat_activity` has them.
    pub(crate) fn sessions(&self) -> Result<Vec<Activity>, Failure> {
        Ok(activity(&mut self.watch())?)
    }

    /// Adds what can be seen while nothing is served.
    pub(crate) fn look(&self, seen: &mut Seen, counters: &Counters) {
        seen.pool_out = self.state.pool.count();
        // A handful, so the cast loses nothing.
        seen.pool_size = counters.value("order_pool_connections") as u32;
        (seen.kept, seen.kept_bytes) = self.state.answers.size();
    }

    fn watch(&self) -> MutexGuard<'_, PgConnection> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let stop = self.stop.clone();
        let stopper = std::thread::spawn(move || {
            rt::System::new().block_on(stop.stop());
        });
        let _ = stopper.join();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the thread of the server hands out.
struct Launched {
    address: SocketAddr,
    metrics: Metrics,
    state: Arc<State>,
    stop: StopHandle,
}

fn launch(place: &Place) -> Result<(Launched, Running), Failure> {
    let config = Settings::try_parse_from(FLAGS)?.config;
    let metrics = Metrics::new()?;
    let database = Database::open(&place.url(NAME), &config.database, &metrics);
    let state = Arc::new(State::new(database.clone(), place, Carrier::start()?, &metrics)?);
    let routes: Vec<Mount> = vec![routes];
    let parts =
        Parts { shares: vec![share(&state)], ..Parts::api(routes, database, metrics.clone()) };
    let server = Server::bind(&config)?;
    let address = server.address()?;
    let running = server.start(parts)?;
    let stop = running.stop_handle();
    Ok((Launched { address, metrics, state, stop }, running))
}

/// The state for all workers, and a client of its own for each.
fn share(state: &Arc<State>) -> Share {
    let state = web::Data::from(Arc::clone(state));
    Arc::new(move |config| {
        config.app_data(state.clone()).app_data(web::Data::new(awc::Client::default()));
    })
}
