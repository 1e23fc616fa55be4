//! What one request costs, in counts and in times.

use std::time::{Duration, Instant};

use diesel::PgConnection;
use rustix::time::{ClockId, clock_gettime};

use crate::allocations;
use crate::network::Network;
use crate::statements::Statements;

/// The cost of some work.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// SQL statements, as Diesel counted them.
    pub statements: u64,
    /// Times that the work waited for an answer, as the proxy counted them.
    pub round_trips: u64,
    /// Bytes that came over the network.
    pub received: u64,
    /// Rust allocations of this thread; `None` where the binary does not count them.
    pub allocations: Option<u64>,
    /// Processor time of this thread; that of PostgreSQL is not in it.
    pub cpu: Duration,
    /// From the beginning to the end.
    pub elapsed: Duration,
}

/// Measures work on one connection.
#[derive(Debug)]
pub struct Meter<'network> {
    network: &'network Network,
    statements: Statements,
}

impl<'network> Meter<'network> {
    /// A meter for work on `connection`, which was made through `network`.
    pub fn new(network: &'network Network, connection: &mut PgConnection) -> Self {
        Self { network, statements: Statements::of(connection) }
    }

    /// Runs `work` and tells what it cost.
    pub fn cost_of<T>(&self, work: impl FnOnce() -> T) -> (T, Cost) {
        let statements = self.statements.count();
        let (round_trips, received) = (self.network.round_trips(), self.network.received());
        let (cpu, began) = (thread_time(), Instant::now());
        let (value, allocations) = allocations::counted(work);
        let cost = Cost {
            elapsed: began.elapsed(),
            cpu: thread_time().saturating_sub(cpu),
            statements: self.statements.count() - statements,
            round_trips: self.network.round_trips() - round_trips,
            received: self.network.received() - received,
            allocations,
        };
        (value, cost)
    }
}

/// Processor time that this thread has used (`clock_gettime(2)`, `CLOCK_THREAD_CPUTIME_ID`).
fn thread_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
