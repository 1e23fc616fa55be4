//! The demo: one report of a country's payments, made in seven ways.
//!
//! Read `climb.rs` (what is counted), `timing.rs` (what is only shown), `profiles.rs` (where the
//! time goes), then `limits.rs` (when none of this helps).

mod changes;
mod climb;
mod fill;
mod limits;
mod profiles;
mod timing;

use std::time::Duration;

use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use evidence::{Needs, Outcome, Quantity, Scale, Stage, Story};
use foundation::scratch::Scratch;
use secrecy::ExposeSecret;

use crate::cost::Meter;
use crate::network::Network;
use crate::report::Body;
use crate::steps::Handler;
use climb::Counted;
use timing::Timed;

/// One way to the database and back; see `network.rs` for why there is one.
const DELAY: Duration = Duration::from_millis(1);

/// How much there is to report on, and how often it is measured.
#[derive(Clone, Copy, Debug)]
struct Size {
    countries: u32,
    customers_per_country: u32,
    payments: u64,
    /// Requests of each way for each country.
    rounds: u32,
    /// Rounds of a comparison of two.
    duels: u32,
}

fn size(scale: Scale) -> Size {
    let (countries, customers_per_country) = (10, 80);
    let size = Size { countries, customers_per_country, payments: 200_000, rounds: 10, duels: 16 };
    match scale {
        Scale::Quick => {
            Size { customers_per_country: 10, payments: 10_000, rounds: 3, duels: 4, ..size }
        }
        Scale::Default => size,
        Scale::Full => Size { customers_per_country: 200, payments: 1_000_000, ..size },
    }
}

impl Size {
    fn names(self) -> impl Iterator<Item = String> {
        (1..=self.countries).map(country)
    }

    fn requests(self) -> u64 {
        u64::from(self.countries) * u64::from(self.rounds)
    }
}

fn country(number: u32) -> String {
    format!("C{number:02}")
}

pub(crate) fn needs(scale: Scale) -> Needs {
    let Size { countries, customers_per_country, payments, .. } = size(scale);
    Needs {
        // Rounded up: this is a promise, not a count.
        rows: (payments + u64::from(countries * customers_per_country) + 100)
            .next_multiple_of(10_000),
        // The table, its indexes, and as much again in the write-ahead log.
        disk_bytes: payments * 400 + 20_000_000,
        memory_bytes: 60_000_000,
    }
}

/// Where the reports come from: the network, a connection over it, and what it is measured with.
struct Site<'network> {
    connection: PgConnection,
    meter: Meter<'network>,
    size: Size,
}

impl<'network> Site<'network> {
    fn reach(network: &'network Network, size: Size) -> Result<Self, evidence::Failure> {
        let mut connection = PgConnection::establish(network.url())?;
        prepare(&mut connection)?;
        let meter = Meter::new(network, &mut connection);
        Ok(Self { connection, meter, size })
    }

    /// One report for each country, in order.
    fn round(&mut self, handler: &mut Handler) -> QueryResult<Vec<Body>> {
        let connection = &mut self.connection;
        self.size.names().map(|country| handler(connection, &country)).collect()
    }
}

/// One process and no compilation, so that the server does the same on every machine.
fn prepare(connection: &mut PgConnection) -> QueryResult<()> {
    connection.batch_execute(
        "SET max_parallel_workers_per_gather = 0; SET jit = off; SET work_mem = '64MB'",
    )
}

pub(crate) fn perform(stage: &Stage) -> Outcome {
    let (scratch, _guard) = Scratch::for_demo(stage)?;
    let size = size(stage.scale());
    fill::fill(stage, &mut scratch.connect()?, size)?;
    let database = scratch.url();
    let network = Network::open(database.expose_secret(), DELAY)?;
    let mut site = Site::reach(&network, size)?;
    stage.measure("payments", "payments", Quantity::count(size.payments));
    let counted = climb::count(stage, &mut site)?;
    let timed = timing::time(stage, &mut site)?;
    climb::show(stage, &counted, &timed);
    timing::chart(stage, &timed);
    climb::check(stage, &mut site, &counted)?;
    changes::show(stage);
    profiles::compare(stage, &mut site)?;
    limits::show(stage, &mut site, &scratch)?;
    stage.story(story(size, &counted, &timed));
    Ok(())
}

fn story(size: Size, counted: &[Counted], timed: &[Timed]) -> Story {
    let statements = |step: usize| Quantity::count(counted[step].statements());
    let median = |step: usize| Quantity::duration(timed[step].percentile(50.0));
    let tail = |step: usize| Quantity::duration(timed[step].percentile(99.0));
    Story {
        situation: format!(
            "A report over {} payments took {} for one country, and everybody had an opinion why.",
            Quantity::count(size.payments),
            median(0),
        ),
        task: "Make it fast without changing a byte of it, and know which change did what."
            .to_owned(),
        action:
            "Profiled it with the network in the picture, took one step at a time in the order \
                 of its share, compared the digest after each, and kept the step that did nothing \
                 as a lesson."
                .to_owned(),
        result: format!(
            "{} statements became {}, the median fell from {} to {}, the p99 from {} to {}; a \
             cache then took the median to {}.",
            statements(0),
            statements(1),
            median(0),
            median(3),
            tail(0),
            tail(3),
            median(5),
        ),
    }
}
