//! Two instances of a small orders service behind a balancer, with causes of inconsistency planted.
//!
//! Each instance has a port, a connection and a copy of its own and says its release; they share a
//! process only so that the laboratory also opens inside the backend. Loopback alone, and no part
//! of it is ever mounted in the backend's own server.

mod balancer;
mod clock;
mod command;
mod instance;
mod schema;
mod servers;
mod setup;
mod store;

use std::sync::atomic::{AtomicU64, Ordering as Memory};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web;
use clock::Clock;
use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use evidence::Failure;
use foundation::scratch::Scratch;
use instance::{Instance, Work};
use serde_json::Value;
use url::Url;

pub(crate) use command::LAB;
pub use setup::{Ordering, Release, Routing, Setup, TermsFrom};
pub(crate) use store::ROWS;

/// The shop that the laboratory is about.
const SHOP: i64 = 1;
/// Cents from which delivery is free, before and after the shop changed its terms.
const BEFORE: i64 = 3_000;
const AFTER: i64 = 5_000;
/// A copy of this age is too old to be right and too young to be read again.
const LATER: Duration = Duration::from_secs(240);
/// And this much later it is read again.
const LATER_STILL: Duration = Duration::from_secs(120);
/// No statement takes as long, and no run hangs on one.
const SESSION: &str = "SET statement_timeout = '10s'; SET plan_cache_mode = auto";

/// Two instances and their balancer; they stop when this is dropped.
pub struct Lab {
    instances: Vec<web::Data<Instance>>,
    addresses: Vec<Url>,
    balancer: Url,
    clock: Arc<Clock>,
    /// For what others do to the shop; a mutex, as it is used once in a while.
    writer: Mutex<PgConnection>,
    handles: Vec<ServerHandle>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Lab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lab").field("balancer", &self.balancer.as_str()).finish_non_exhaustive()
    }
}

/// Makes the tables of the laboratory in an empty database.
///
/// # Errors
/// Whatever the database says.
pub fn create(scratch: &Scratch) -> Result<(), Failure> {
    Ok(store::create(&mut scratch.connect()?)?)
}

impl Lab {
    /// Starts both instances and the balancer on free ports.
    ///
    /// # Errors
    /// When there is no port, thread or connection.
    pub fn open(scratch: &Scratch, setup: Setup) -> Result<Self, Failure> {
        let clock = Arc::new(Clock::default());
        let mut writer = connect(scratch)?;
        store::change_terms(&mut writer, SHOP, BEFORE)?;
        let mut instances = Vec::new();
        for (name, release) in ["a", "b"].into_iter().zip(setup.releases) {
            let work = Mutex::new(Work { connection: connect(scratch)?, copy: None });
            let clock = Arc::clone(&clock);
            let Setup { terms, ordering, .. } = setup;
            let (statements, quotes) = (AtomicU64::new(0), AtomicU64::new(0));
            let one = Instance { name, release, terms, ordering, clock, statements, quotes, work };
            instances.push(web::Data::new(one));
        }
        let (listeners, addresses) = servers::listeners(3)?;
        let (thread, handles) = servers::start(listeners, &instances, &addresses, setup.routing)?;
        let [addresses @ .., balancer] = addresses.as_slice() else {
            return Err("the laboratory has no balancer".into());
        };
        Ok(Self {
            instances,
            addresses: addresses.to_vec(),
            balancer: balancer.clone(),
            clock,
            writer: Mutex::new(writer),
            handles,
            thread: Some(thread),
        })
    }

    /// The newest orders, through the balancer.
    #[must_use]
    pub fn orders(&self) -> Url {
        orders(&self.balancer)
    }

    /// The newest orders, of each instance.
    #[must_use]
    pub fn orders_of_each(&self) -> Vec<Url> {
        self.addresses.iter().map(orders).collect()
    }

    /// A quote, which is another one each time, through the balancer.
    #[must_use]
    pub fn quote(&self) -> Url {
        let mut url = self.balancer.clone();
        url.set_path(&format!("/api/v1/shops/{SHOP}/delivery-quote"));
        url
    }

    /// Has instance a read the terms, then changes them, and lets minutes pass: from now on a copy
    /// that nobody checks is old.
    ///
    /// # Errors
    /// When instance a does not answer.
    pub async fn let_a_copy_grow_old(&self) -> Result<(), Failure> {
        let first = self.orders_of_each().into_iter().next().ok_or("there is no instance")?;
        get(&awc::Client::default(), &first).await?;
        self.change_terms(AFTER)?;
        self.clock.forward(LATER);
        Ok(())
    }

    /// Lets the old copy reach its end.
    pub fn let_the_copy_end(&self) {
        self.clock.forward(LATER_STILL);
    }

    /// How PostgreSQL executes the statement without a tie-break the first five times on a
    /// connection, and from then on.
    ///
    /// # Errors
    /// Whatever the database says.
    pub fn plans(&self) -> Result<[String; 2], Failure> {
        Ok(store::plans(&mut self.writer(), SHOP)?)
    }

    /// Changes the shop's terms, as somebody else would; blocks until it is committed.
    ///
    /// # Errors
    /// Whatever the database says.
    pub fn change_terms(&self, free_delivery_from_cents: i64) -> Result<(), Failure> {
        Ok(store::change_terms(&mut self.writer(), SHOP, free_delivery_from_cents)?)
    }

    /// Statements that both instances have sent so far.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.instances.iter().map(|instance| instance.statements.load(Memory::SeqCst)).sum()
    }

    fn writer(&self) -> MutexGuard<'_, PgConnection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // The command to stop is given by the call; the thread ends once all have stopped.
        self.handles.iter().for_each(|handle| drop(handle.stop(false)));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One GET, its body as JSON.
pub(crate) async fn get(client: &awc::Client, url: &Url) -> Result<Value, Failure> {
    let mut response =
        client.get(url.as_str()).send().await.map_err(|error| format!("{url}: {error}"))?;
    if !response.status().is_success() {
        return Err(format!("{url} answers {}", response.status()).into());
    }
    Ok(serde_json::from_slice(&response.body().limit(1 << 20).await?)?)
}

fn orders(base: &Url) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("/api/v1/shops/{SHOP}/orders"));
    url
}

fn connect(scratch: &Scratch) -> Result<PgConnection, Failure> {
    let mut connection = scratch.connect()?;
    connection.batch_execute(SESSION)?;
    Ok(connection)
}
