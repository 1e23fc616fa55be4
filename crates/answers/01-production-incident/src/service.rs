//! The patient: a small order-lookup service on foundation's real server, with its switchboard.

mod carrier;
mod handlers;
mod part;
mod place;
mod pool;
mod server;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use diesel::PgConnection;
use evidence::Failure;
use foundation::database::Database;
use foundation::metrics::Metrics;
use prometheus::IntGauge;

use crate::faults::{Answers, Fault, History, IMPORTED, Notes, PriceJob, Printer, Tracking};
use crate::store;
use carrier::Carrier;
use place::Place;
use pool::OrderPool;

pub(crate) use handlers::Bought;
pub(crate) use part::{Feature, Part, Runs};
pub(crate) use pool::{BIGGER_POOL, POOL, Taken};
pub(crate) use server::Service;

/// What the service promises: every request is answered well within this time.
pub(crate) const OBJECTIVE: Duration = Duration::from_secs(1);

/// What the sessions of the service are called, but for the executor's, which has names by lane.
const NAME: &str = "order-lookup";

/// The customer whose orders an import multiplies.
pub(crate) const BIG_CUSTOMER: i64 = 1;

/// What the routes work with.
pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) pool: Arc<OrderPool>,
    pub(crate) notes: Notes,
    pub(crate) printer: Printer,
    pub(crate) tracking: Tracking,
    pub(crate) history: History,
    pub(crate) answers: Answers,
    prices: PriceJob,
    carrier: Carrier,
}

/// What somebody on call can do without knowing the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Switch a feature off.
    Off(Feature),
    /// Begin with fresh pools and empty memory.
    Restart,
    /// Restart with twice the connections.
    BiggerPool,
    /// End database sessions that sit idle in a transaction.
    TerminateIdle,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off(feature) => write!(f, "off {}", feature.name()),
            Self::Restart => f.write_str("restart"),
            Self::BiggerPool => f.write_str("bigger-pool"),
            Self::TerminateIdle => f.write_str("terminate-idle"),
        }
    }
}

impl Action {
    /// Every action.
    pub(crate) fn all() -> Vec<Self> {
        let off = Feature::ALL.into_iter().map(Self::Off);
        off.chain([Self::Restart, Self::BiggerPool, Self::TerminateIdle]).collect()
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|action| action.to_string() == name)
    }
}

impl State {
    fn new(
        database: Database,
        place: &Place,
        carrier: Carrier,
        metrics: &Metrics,
    ) -> Result<Self, Failure> {
        let gauge = |name: &str, help: &str| -> Result<IntGauge, Failure> {
            let gauge = IntGauge::new(name, help)?;
            metrics.register(gauge.clone())?;
            Ok(gauge)
        };
        let printing = gauge("receipts_printing", "Receipts that the printer is waited for")?;
        let entries = gauge("kept_answers", "Answers of look-ups that are kept")?;
        let bytes = gauge("kept_answers_bytes", "What they take")?;
        Ok(Self {
            database,
            pool: OrderPool::open(place.url(NAME), metrics)?,
            notes: Notes::new(),
            printer: Printer::new(carrier.address, printing),
            tracking: Tracking::new(carrier.address, metrics.clone()),
            history: History::new(metrics.clone()),
            answers: Answers::new(entries, bytes),
            prices: PriceJob::new(place.url("nightly-prices")),
            carrier,
        })
    }

    fn part(&self, feature: Feature) -> &Part {
        match feature {
            Feature::Notes => &self.notes.part,
            Feature::Printing => &self.printer.part,
            Feature::Shipping => &self.tracking.part,
            Feature::History => &self.history.part,
            Feature::Cache => &self.answers.part,
        }
    }

    /// What the day brings: a release, more data, a slow dependency, a job.
    pub(crate) fn inject(
        &self,
        fault: Fault,
        connection: &mut PgConnection,
    ) -> Result<(), Failure> {
        match fault {
            Fault::LeakedConnection => self.notes.part.switch(true),
            Fault::BlockingCall => self.printer.part.switch(true),
            Fault::RetryStorm => self.carrier.become_slow(),
            Fault::GrowingQueries => {
                store::import(connection, BIG_CUSTOMER, IMPORTED)?;
            }
            Fault::UnboundedMap => self.answers.part.switch(true),
            Fault::IdleTransaction => self.prices.run_faulty()?,
        }
        Ok(())
    }

    /// Does what somebody on call decided; the database's part is done on `connection`.
    pub(crate) fn apply(
        &self,
        action: Action,
        connection: &mut PgConnection,
    ) -> Result<(), Failure> {
        match action {
            Action::Off(feature) => {
                self.part(feature).switch(false);
                if feature == Feature::Cache {
                    self.answers.forget();
                }
            }
            Action::Restart => self.restart(POOL)?,
            Action::BiggerPool => self.restart(BIGGER_POOL)?,
            Action::TerminateIdle => {
                store::terminate_idle(connection)?;
            }
        }
        Ok(())
    }

    /// Deploys the fix, which is a restart with other code.
    pub(crate) fn repair(&self, fault: Fault) -> Result<(), Failure> {
        match fault {
            Fault::LeakedConnection => self.notes.part.repair(),
            Fault::BlockingCall => self.printer.part.repair(),
            Fault::RetryStorm => self.tracking.part.repair(),
            Fault::GrowingQueries => self.history.part.repair(),
            Fault::UnboundedMap => self.answers.part.repair(),
            Fault::IdleTransaction => self.prices.run_repaired()?,
        }
        self.restart(POOL)
    }

    fn restart(&self, pool: u32) -> Result<(), Failure> {
        self.notes.forget();
        self.answers.forget();
        self.pool.rebuild(pool)
    }
}
