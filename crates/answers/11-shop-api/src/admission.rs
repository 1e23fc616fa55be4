//! No more checkouts at once than can be served in time; the others are told so at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use error_handling::{Cause, Problem};
use foundation::metrics::Metrics;
use prometheus::IntGauge;

/// The longest that a checkout may be expected to take: half of the second in which an order is to be
/// answered, as what is expected is a mean.
const IN_TIME: f64 = 0.5;
/// The setting with which everybody is let in.
const UNBOUNDED: usize = 0;
/// How much of the pace one more checkout is: slow ones are seen soon, and one alone changes little.
const SHARE: f64 = 1.0 / 16.0;

/// A bounded number of checkouts of one server, and fewer while they are slow.
///
/// Beside the server's own bound on requests, as a checkout costs ten times a page: without a bound
/// of their own, a crowd that orders takes all there is, and those who look around get nothing.
/// Nobody waits for a place: whoever waits here is late, and still has all the work ahead. The number
/// alone would promise a time on a fast database only, so the pace of the last ones counts as well.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    at_once: usize,
    pace: Arc<Mutex<Pace>>,
    in_flight: IntGauge,
    metrics: Metrics,
}

/// The right to one checkout, given back when dropped, whatever became of it.
#[derive(Debug)]
pub(crate) struct Admitted {
    began: Instant,
    pace: Arc<Mutex<Pace>>,
    in_flight: IntGauge,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        lock(&self.pace).ended(self.began, Instant::now());
        self.in_flight.dec();
    }
}

/// How fast checkouts end, one after the other.
#[derive(Debug, Default)]
struct Pace {
    under_way: usize,
    last_end: Option<Instant>,
    /// Seconds from one end to the next while there is work.
    interval: f64,
}

impl Pace {
    /// Whether one more would end in time. One alone is always let in: it is who finds out.
    fn has_room(&self, at_once: usize) -> bool {
        let ahead = self.under_way;
        let in_time = ahead == 0 || (ahead + 1) as f64 * self.interval <= IN_TIME;
        at_once == UNBOUNDED || (ahead < at_once && in_time)
    }

    fn ended(&mut self, began: Instant, now: Instant) {
        self.under_way = self.under_way.saturating_sub(1);
        // A pause in which nobody ordered says nothing of the pace.
        let since = self.last_end.map_or(began, |last| last.max(began));
        let took = now.saturating_duration_since(since).as_secs_f64();
        self.interval += (took - self.interval) * SHARE;
        self.last_end = Some(now);
    }
}

/// A counter that was being changed when somebody panicked is still a counter.
fn lock(pace: &Mutex<Pace>) -> MutexGuard<'_, Pace> {
    pace.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Admission {
    /// # Errors
    /// When the metrics are taken.
    pub(crate) fn new(at_once: usize, metrics: &Metrics) -> Result<Self, prometheus::Error> {
        let in_flight = IntGauge::new("shop_checkouts_in_flight", "Checkouts being served")?;
        metrics.register(in_flight.clone())?;
        let pace = Arc::default();
        let admission = Self { at_once, pace, in_flight, metrics: metrics.clone() };
        admission.count_refused(0);
        Ok(admission)
    }

    /// Lets one in.
    ///
    /// # Errors
    /// 503 with `Retry-After` while as many are under way as may be, or as can be served in time.
    pub(crate) fn admit(&self) -> Result<Admitted, Problem> {
        let mut pace = lock(&self.pace);
        if !pace.has_room(self.at_once) {
            drop(pace);
            self.count_refused(1);
            let detail = "Many people are ordering this moment. Your cart is kept.";
            return Err(Problem::unavailable(detail, Duration::from_secs(1))
                .with_cause(Cause::new("as many checkouts as may be are under way")));
        }
        pace.under_way += 1;
        drop(pace);
        self.in_flight.inc();
        let (pace, in_flight) = (Arc::clone(&self.pace), self.in_flight.clone());
        Ok(Admitted { began: Instant::now(), pace, in_flight })
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

    #[test]
    fn the_slower_checkouts_end_the_fewer_are_let_in_and_one_always_is() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let room = |pace: &mut Pace| {
            pace.under_way = 0;
            while pace.has_room(64) {
                pace.under_way += 1;
            }
            std::mem::take(&mut pace.under_way)
        };
        assert_eq!(room(&mut pace), 64, "before anything is known");
        // Each began with the first, and one ends every 50 ms.
        (1..=100).for_each(|turn| pace.ended(start, at(50 * turn)));
        assert!((10..=11).contains(&room(&mut pace)), "{pace:?}");
        (1..=100).for_each(|turn| pace.ended(start, at(5_000 + 3_000 * turn)));
        pace.under_way = 1;
        assert!(pace.has_room(UNBOUNDED) && !pace.has_room(64));
        assert_eq!(room(&mut pace), 1, "alone it shows whether it goes faster again");
        // Nobody ordered for an hour; that was no slow checkout.
        let later = |turn: u64| at(4_000_000 + 1_000 * turn);
        (1..=200).for_each(|turn| pace.ended(later(turn), later(turn) + Duration::from_millis(5)));
        assert_eq!(room(&mut pace), 64);
    }
}
