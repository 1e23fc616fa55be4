//! What business and alerts are told: checkouts, orders and money.

use foundation::metrics::Metrics;
use prometheus::{IntCounter, IntCounterVec, Opts};

use crate::model::Status;

/// Counters of one server. What workers and the clock do to orders is told by the queue's metrics and
/// by the log: neither serves `/metrics`.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    checkouts: IntCounterVec,
    settled: IntCounterVec,
    revenue: IntCounter,
}

impl Counts {
    /// Registers all of them, at zero.
    ///
    /// # Errors
    /// When the names are taken.
    pub(crate) fn register(metrics: &Metrics) -> Result<Self, prometheus::Error> {
        let about = "Checkouts by what became of them";
        let checkouts = IntCounterVec::new(Opts::new("shop_checkouts_total", about), &["outcome"])?;
        let about = "Orders that this server saw end, by status";
        let settled =
            IntCounterVec::new(Opts::new("shop_orders_settled_total", about), &["status"])?;
        let revenue =
            IntCounter::new("shop_revenue_cents_total", "Cents of orders that were paid")?;
        metrics.register(checkouts.clone())?;
        metrics.register(settled.clone())?;
        metrics.register(revenue.clone())?;
        for outcome in Outcome::ALL {
            checkouts.with_label_values(&[outcome.name()]).inc_by(0);
        }
        for status in [Status::Paid, Status::Declined, Status::Cancelled] {
            settled.with_label_values(&[status.name()]).inc_by(0);
        }
        Ok(Self { checkouts, settled, revenue })
    }

    /// A checkout was answered.
    pub(crate) fn checked_out(&self, outcome: Outcome) {
        self.checkouts.with_label_values(&[outcome.name()]).inc();
    }

    /// An order ended.
    pub(crate) fn settled(&self, status: Status) {
        self.settled.with_label_values(&[status.name()]).inc();
    }

    /// Money came in.
    pub(crate) fn earned(&self, cents: i64) {
        self.revenue.inc_by(cents.unsigned_abs());
    }
}

/// What became of a checkout, for the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An order.
    Placed,
    /// The order that the same request had led to before.
    Replayed,
    /// Somebody else had the last one.
    OutOfStock,
    /// Turned away, by admission or switch, with a time to come back.
    Refused,
    /// The request was not one that could be an order.
    Invalid,
    /// Our own failure: what an alert is about.
    Failed,
}

impl Outcome {
    const ALL: [Self; 6] = [
        Self::Placed,
        Self::Replayed,
        Self::OutOfStock,
        Self::Refused,
        Self::Invalid,
        Self::Failed,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Replayed => "replayed",
            Self::OutOfStock => "out_of_stock",
            Self::Refused => "refused",
            Self::Invalid => "invalid",
            Self::Failed => "failed",
        }
    }
}
