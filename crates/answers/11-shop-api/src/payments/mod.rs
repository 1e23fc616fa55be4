//! How orders are paid for: asked for by a job, decided by a signed callback.
//!
//! 1. The order's transaction enqueues a job ([`CHARGE`]): no charge without an order, no order
//!    without its charge, whatever dies when.
//! 2. The job asks the provider, with the order's number as idempotency key ([`charge`]): an attempt
//!    whose answer was lost is repeated and charges nothing twice.
//! 3. The provider calls back when it has decided ([`callback`]); late, twice, or out of order.
//! 4. Where no callback came, the provider is asked before an order expires ([`inquiry`]).

pub mod callback;
pub mod charge;
pub mod inquiry;

use std::sync::Arc;
use std::time::Duration;

use background_jobs::{Attempt, Kind, KindTaken, Workers};
use error_handling::Retry;
use serde::{Deserialize, Serialize};

pub use charge::Charger;
use inquiry::{INQUIRY, Inquiry};

use crate::model::OrderId;

/// What is to be charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// For which order.
    pub order: OrderId,
}

/// What is to be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The charge of which order.
    pub order: OrderId,
}

/// As long as an order is kept by default, and no longer: then there is nothing left to charge.
const PERSISTENCE: Retry =
    Retry { attempts: 40, base: Duration::from_millis(500), cap: Duration::from_secs(30) };

/// Asks the provider for the money of an order. Few at once: a provider in a sale is as busy as we
/// are, and whoever sends it everything at once is refused.
pub static CHARGE: Kind<Charge> = Kind::new("shop-charge")
    .retried(PERSISTENCE)
    .leased_for(Duration::from_secs(15))
    .limited_to(Duration::from_secs(10))
    .at_once(4);

/// Gives money back that came for an order which had ended by then.
pub static REFUND: Kind<Refund> = Kind::new("shop-refund")
    .retried(PERSISTENCE)
    .leased_for(Duration::from_secs(15))
    .limited_to(Duration::from_secs(10))
    .at_once(2);

/// The setting that holds what callbacks are signed with.
pub const SECRET_SETTING: &str = "SHOP_PAYMENT_SECRET";

/// Does the jobs of all kinds with this charger.
///
/// # Errors
/// When they have handlers already.
pub fn register(workers: &Workers, charger: Charger) -> Result<(), KindTaken> {
    let charger = Arc::new(charger);
    let (refunder, inquirer) = (Arc::clone(&charger), Arc::clone(&charger));
    workers.register(&CHARGE, move |attempt: Attempt<Charge>| {
        let charger = Arc::clone(&charger);
        async move { charger.charge(attempt).await }
    })?;
    workers.register(&REFUND, move |attempt: Attempt<Refund>| {
        let charger = Arc::clone(&refunder);
        async move { charger.refund(attempt).await }
    })?;
    workers.register(&INQUIRY, move |attempt: Attempt<Inquiry>| {
        let charger = Arc::clone(&inquirer);
        async move { charger.inquire(attempt).await }
    })
}
