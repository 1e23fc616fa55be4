//! The race that every attempt is put into: twenty connections, one stock.
//!
//! `meeting.rs` arranges it, `gap.rs` is where an attempt meets the others, `client.rs` is a
//! connection that serves its share of the buyers.

mod client;
mod gap;
mod meeting;
mod services;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use evidence::Failure;

use crate::attempts::Buy;
use crate::till::{Till, Trouble};
use client::{Served, serve};
use gap::Shared;
pub use services::Services;

/// Connections, each with a thread of its own.
pub const CONNECTIONS: usize = 20;

/// What happens in the gap of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrangement {
    /// Nothing: the race is as narrow as it happens to be.
    AsItComes,
    /// Buyers come in rounds of twenty, and all of a round meet in the gap. Whoever cannot get
    /// there, because the database makes them wait for one who is there, is not waited for.
    AllMeet,
    /// The first to get there stays until nobody else can do anything more; the others pass.
    OneHesitates,
    /// The process of the first so many dies there.
    Die(u32),
}

/// One race.
#[derive(Clone, Copy, Debug)]
pub struct Race {
    /// How a buyer is served.
    pub buy: Buy,
    /// Whether the units are counted in Redis.
    pub counts_in_redis: bool,
    /// Units of each product.
    pub stock: u32,
    /// Buyers in all; a multiple of [`CONNECTIONS`].
    pub buyers: u32,
    /// Products; the buyers take turns, so with [`CONNECTIONS`] of them each connection sells its
    /// own.
    pub products: u32,
    /// What happens in the gap.
    pub arrangement: Arrangement,
}

/// What a race came to.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Units in stock before the race.
    pub stock: u64,
    /// Units left afterwards.
    pub left: u64,
    /// Orders stored.
    pub sold: u64,
    /// Buyers who were told that a unit is theirs.
    pub told_sold: u64,
    /// Buyers who were told that it is sold out.
    pub sold_out: u64,
    /// Buyers who got an error.
    pub errors: u64,
    /// Buyers whose process died.
    pub died: u64,
    /// Transactions begun again.
    pub retries: u64,
    /// Statements sent to PostgreSQL, BEGIN and COMMIT among them.
    pub statements: u64,
    /// Buyers who were served while the first one hesitated.
    pub passed_by: u64,
    /// From the first buyer to the last.
    pub took: Duration,
    /// How long each buyer was served.
    pub latencies: Vec<Duration>,
    /// The first error, for the reader.
    pub first_error: Option<String>,
}

impl Seen {
    /// Stock is what is left and what was sold.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.left + self.sold == self.stock
    }

    /// Every unit is sold once, and nobody got an error.
    #[must_use]
    pub fn sold_exactly_the_stock(&self) -> bool {
        (self.sold, self.left, self.errors) == (self.stock, 0, 0) && self.told_sold == self.sold
    }

    fn add(&mut self, served: Served) {
        self.told_sold += served.sold;
        self.sold_out += served.sold_out;
        self.errors += served.errors;
        self.died += served.died;
        self.retries += served.retries;
        self.latencies.extend(served.latencies);
        self.first_error = self.first_error.take().or(served.first_error);
    }
}

/// The connections that buyers are served over, opened once and used race after race.
#[derive(Debug)]
pub struct Hall<'a> {
    services: &'a Services,
    tills: Vec<Till>,
    /// Stocks up, does the books and watches; serves nobody.
    office: Till,
    /// Statements that the tills have sent. An atomic, as all of them count at once.
    statements: Arc<AtomicU64>,
}

impl<'a> Hall<'a> {
    /// Opens [`CONNECTIONS`] connections.
    ///
    /// # Errors
    /// When a server is gone.
    pub fn open(services: &'a Services) -> Result<Self, Trouble> {
        let statements = Arc::new(AtomicU64::new(0));
        let tills = (0..CONNECTIONS).map(|_| services.counted_till(&statements));
        Ok(Self {
            services,
            tills: tills.collect::<Result<_, _>>()?,
            office: services.till()?,
            statements,
        })
    }

    /// What it runs on.
    #[must_use]
    pub fn services(&self) -> &'a Services {
        self.services
    }

    /// Stocks up, lets all buyers in, and does the books.
    ///
    /// # Errors
    /// When a server is gone. What a buyer runs into is counted instead.
    pub fn run(&mut self, race: &Race) -> Result<Seen, Failure> {
        self.office.stock_up(race.products, race.stock)?;
        let mut seen = self.let_in(race)?;
        seen.stock = u64::from(race.stock) * u64::from(race.products);
        (seen.left, seen.sold) = self.office.books(race.counts_in_redis)?;
        Ok(seen)
    }

    fn let_in(&mut self, race: &Race) -> Result<Seen, Failure> {
        let (services, statements) = (self.services, &self.statements);
        let reopen = || services.counted_till(statements);
        let shared = Shared::new(race, &mut self.tills, &mut self.office.database)?;
        let before = statements.load(Ordering::Relaxed);
        let began = Instant::now();
        let served = serve_all(race, &shared, &mut self.tills, &reopen)?;
        let mut seen = Seen {
            took: began.elapsed(),
            statements: statements.load(Ordering::Relaxed) - before,
            passed_by: shared.meeting.passed_by(),
            ..Seen::default()
        };
        served.into_iter().for_each(|served| seen.add(served));
        Ok(seen)
    }
}

fn serve_all(
    race: &Race,
    shared: &Shared<'_>,
    tills: &mut [Till],
    reopen: &(dyn Fn() -> Result<Till, Trouble> + Sync),
) -> Result<Vec<Served>, Failure> {
    thread::scope(|scope| {
        let watcher = scope.spawn(|| shared.watch());
        let clients: Vec<_> = tills
            .iter_mut()
            .enumerate()
            .map(|(seat, till)| scope.spawn(move || serve(race, shared, seat, till, reopen)))
            .collect();
        let served: Vec<_> = clients.into_iter().map(thread::ScopedJoinHandle::join).collect();
        shared.meeting.close();
        watcher.join().map_err(|_| "the watcher panicked")??;
        let gone = |_| Failure::from("a client panicked");
        served.into_iter().map(|served| served.map_err(gone)?.map_err(Failure::from)).collect()
    })
}
