//! Sixteen clients with a connection each.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use evidence::statistics::{self, Latencies};
use evidence::{Failure, Ladder, Outcome, Quantity, RungKind};
use foundation::scratch::Scratch;

use crate::dashboard::{OPEN_ORDERS, open_orders};
use crate::demo::connect;
use crate::orders::SELLER;

const CLIENTS: usize = 16;

/// Clients that all do the same.
pub(super) struct Crowd {
    pub(super) kind: RungKind,
    pub(super) name: &'static str,
    pub(super) connections: Vec<PgConnection>,
    /// Pages that each client asks for in a round.
    pages: usize,
    pub(super) latencies: Latencies,
    /// The 99th percentile of each round.
    pub(super) rounds: Vec<Duration>,
    took: Duration,
    pub(super) lines: usize,
}

impl Crowd {
    pub(super) fn gather(
        scratch: &Scratch,
        kind: RungKind,
        name: &'static str,
        pages: usize,
    ) -> Result<Self, Failure> {
        let connections: Result<Vec<_>, _> = (0..CLIENTS).map(|_| connect(scratch)).collect();
        Ok(Self {
            kind,
            name,
            connections: connections?,
            pages,
            latencies: statistics::latencies(),
            rounds: Vec::new(),
            took: Duration::ZERO,
            lines: 0,
        })
    }

    /// Lets every client ask for its pages, all beginning together.
    pub(super) fn run_round(&mut self) -> Outcome {
        let (pages, barrier) = (self.pages, Barrier::new(self.connections.len()));
        let began = Instant::now();
        let finished: Vec<_> = std::thread::scope(|scope| {
            let clients: Vec<_> = self
                .connections
                .iter_mut()
                .zip(SELLER..)
                .map(|(connection, seller)| {
                    let barrier = &barrier;
                    scope.spawn(move || {
                        barrier.wait();
                        ask(connection, seller, pages)
                    })
                })
                .collect();
            clients.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
        });
        self.took += began.elapsed();
        let mut round = statistics::latencies();
        for client in finished {
            let (times, lines) = client.map_err(|_| "a client panicked")??;
            for time in times {
                statistics::record(&mut round, time);
                statistics::record(&mut self.latencies, time);
            }
            self.lines += lines;
        }
        self.rounds.push(statistics::percentile(&round, 99.0));
        Ok(())
    }

    /// This percentile of all pages.
    pub(super) fn at(&self, percent: f64) -> Quantity {
        Quantity::duration(statistics::percentile(&self.latencies, percent))
    }

    pub(super) fn add_rung(&self, ladder: &Ladder<'_>) {
        let pages = self.latencies.len();
        let rate = pages as f64 / self.took.as_secs_f64().max(1e-9);
        ladder.rung(
            self.kind,
            self.name,
            vec![
                Quantity::count(pages).into(),
                Quantity::per_second(rate).into(),
                self.at(50.0).into(),
                self.at(99.0).into(),
                self.at(100.0).into(),
            ],
        );
    }

    /// Lines on a page on average, times a thousand: the same for both, however often they asked.
    pub(super) fn lines_per_thousand_pages(&self) -> usize {
        self.lines * 1_000 / usize::try_from(self.latencies.len()).unwrap_or(usize::MAX).max(1)
    }
}

/// One client: times of its pages, and how many lines they had.
fn ask(
    connection: &mut PgConnection,
    seller: i32,
    pages: usize,
) -> QueryResult<(Vec<Duration>, usize)> {
    let mut times = Vec::with_capacity(pages);
    let mut lines = 0;
    for _ in 0..pages {
        let began = Instant::now();
        lines += open_orders(connection, OPEN_ORDERS, seller)?.len();
        times.push(began.elapsed());
    }
    Ok((times, lines))
}
