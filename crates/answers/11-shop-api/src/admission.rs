//! No more checkouts at once than can be served in time; the others are told so at once.

use std::sync::Arc;
use std::time::Duration;

use error_handling::{Cause, Problem};
use foundation::metrics::Metrics;
use prometheus::IntGauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A bounded number of checkouts of one server.
///
/// Beside the server's own bound on requests, as a checkout costs ten times a page: without a bound
/// of their own, a crowd that orders takes all there is, and those who look around get nothing. A
/// semaphore that is never waited for: whoever waits here is late, and still has all the work ahead.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    free: Arc<Semaphore>,
    in_flight: IntGauge,
    metrics: Metrics,
}

/// The right to one checkout, given back when dropped, whatever became of it.
#[derive(Debug)]
pub(crate) struct Admitted {
    _permit: OwnedSemaphorePermit,
    in_flight: IntGauge,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.in_flight.dec();
    }
}

impl Admission {
    /// # Errors
    /// When the metrics are taken.
    pub(crate) fn new(at_once: usize, metrics: &Metrics) -> Result<Self, prometheus::Error> {
        let in_flight = IntGauge::new("shop_checkouts_in_flight", "Checkouts being served")?;
        metrics.register(in_flight.clone())?;
        let at_once = at_once.clamp(1, Semaphore::MAX_PERMITS);
        let admission =
            Self { free: Arc::new(Semaphore::new(at_once)), in_flight, metrics: metrics.clone() };
        admission.count_refused(0);
        Ok(admission)
    }

    /// Lets one in.
    ///
    /// # Errors
    /// 503 with `Retry-After` while as many are under way as may be.
    pub(crate) fn admit(&self) -> Result<Admitted, Problem> {
        let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() else {
            self.count_refused(1);
            let detail = "Many people are ordering this moment. Your cart is kept.";
            return Err(Problem::unavailable(detail, Duration::from_secs(1))
                .with_cause(Cause::new("as many checkouts as may be are under way")));
        };
        self.in_flight.inc();
        Ok(Admitted { _permit: permit, in_flight: self.in_flight.clone() })
    }

    fn count_refused(&self, refused: u64) {
        let about = "Checkouts refused as too many were under way";
        self.metrics.count("shop_checkouts_refused_total", about, refused);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_given_back_is_taken_by_the_next_and_nobody_waits() {
        let metrics = Metrics::new().unwrap();
        let admission = Admission::new(2, &metrics).unwrap();
        let first = admission.admit().unwrap();
        let _second = admission.admit().unwrap();
        assert_eq!(admission.in_flight.get(), 2);
        let refused = admission.admit().unwrap_err();
        assert_eq!(refused.kind(), error_handling::ProblemType::Unavailable);
        drop(first);
        assert_eq!(admission.in_flight.get(), 1);
        assert!(admission.admit().is_ok());
        let told = String::from_utf8(metrics.render().unwrap()).unwrap();
        assert!(told.contains("shop_checkouts_refused_total 1"), "{told}");
    }
}
