//! A breaker for each partner: one that hangs holds up those who wait for it, not everybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use error_handling::{CircuitBreaker, Guarded};
use foundation::metrics::Metrics;
use moka::sync::Cache;
use prometheus::{IntCounterVec, IntGaugeVec, Opts};

use crate::model::PartnerId;

/// Partners that a breaker is kept for; one that was forgotten starts closed.
const MOST: u64 = 10_000;

/// What a breaker does at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// Every call goes out.
    Closed,
    /// None does.
    Open,
    /// One does, to see whether the partner is back.
    HalfOpen,
}

const STATES: [(State, &str); 3] =
    [(State::Closed, "closed"), (State::Open, "open"), (State::HalfOpen, "half_open")];

/// The breakers of all partners, and what the metrics say of them.
#[derive(Debug)]
pub struct Breakers {
    /// A bounded cache instead of a map: partners come and go while the server runs.
    by_partner: Cache<PartnerId, Arc<Partner>>,
    threshold: u32,
    cool_down: Duration,
    metrics: BreakerMetrics,
}

/// How many breakers are open and half-open, and how often they turned. Without the partner as a
/// label: users make partners, and would make labels.
#[derive(Clone, Debug)]
pub struct BreakerMetrics {
    now: IntGaugeVec,
    turned: IntCounterVec,
}

#[derive(Debug)]
struct Partner {
    breaker: CircuitBreaker,
    /// What was told to the metrics last. An atomic of its own: the breaker does not tell half-open
    /// from open, and what is counted decides nothing.
    told: AtomicU8,
}

impl BreakerMetrics {
    /// Registers both, at zero.
    ///
    /// # Errors
    /// When the names are taken.
    pub fn register(metrics: &Metrics) -> Result<Self, prometheus::Error> {
        let about = "Breakers of partners that are open or half-open";
        let now = IntGaugeVec::new(Opts::new("partner_breakers", about), &["state"])?;
        let about = "Breakers of partners that changed to this state";
        let turned =
            IntCounterVec::new(Opts::new("partner_breaker_changes_total", about), &["state"])?;
        metrics.register(now.clone())?;
        metrics.register(turned.clone())?;
        for (state, name) in STATES {
            turned.with_label_values(&[name]).inc_by(0);
            if state != State::Closed {
                now.with_label_values(&[name]).set(0);
            }
        }
        Ok(Self { now, turned })
    }
}

impl Breakers {
    /// Breakers that open after `threshold` failures in a row and probe again after `cool_down`.
    #[must_use]
    pub fn new(threshold: u32, cool_down: Duration, metrics: BreakerMetrics) -> Self {
        Self { by_partner: Cache::new(MOST), threshold, cool_down, metrics }
    }

    /// Whether calls to this partner are refused at present.
    #[must_use]
    pub fn is_open(&self, partner: PartnerId) -> bool {
        self.by_partner.get(&partner).is_some_and(|partner| partner.breaker.is_open())
    }

    /// The partners whose calls are refused at present.
    #[must_use]
    pub fn open(&self) -> Vec<PartnerId> {
        let open = self.by_partner.iter().filter(|(_, partner)| partner.breaker.is_open());
        open.map(|(id, _)| *id).collect()
    }

    /// Calls the partner unless it did not answer a moment ago.
    ///
    /// # Errors
    /// As [`CircuitBreaker::call`].
    pub async fn call<T, E>(
        &self,
        partner: PartnerId,
        operation: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Guarded<E>> {
        let partner = self.by_partner.get_with(partner, || self.closed());
        let admitted = async {
            // Only a call that the breaker lets through comes here: after open that is the probe.
            if partner.told.load(Ordering::SeqCst) == State::Open as u8 {
                self.turn(&partner, State::HalfOpen);
            }
            operation.await
        };
        let outcome = partner.breaker.call(admitted).await;
        match &outcome {
            Ok(_) => self.turn(&partner, State::Closed),
            Err(Guarded::Failed(_)) if partner.breaker.is_open() => {
                self.turn(&partner, State::Open);
            }
            Err(_) => {}
        }
        outcome
    }

    fn closed(&self) -> Arc<Partner> {
        let breaker = CircuitBreaker::new(self.threshold, self.cool_down);
        Arc::new(Partner { breaker, told: AtomicU8::new(State::Closed as u8) })
    }

    fn turn(&self, partner: &Partner, to: State) {
        let from = partner.told.swap(to as u8, Ordering::SeqCst);
        if from == to as u8 {
            return;
        }
        for (state, name) in STATES {
            let gauge = self.metrics.now.with_label_values(&[name]);
            if state as u8 == from && state != State::Closed {
                gauge.dec();
            }
            if state == to {
                self.metrics.turned.with_label_values(&[name]).inc();
                if state != State::Closed {
                    gauge.inc();
                }
            }
        }
    }
}
