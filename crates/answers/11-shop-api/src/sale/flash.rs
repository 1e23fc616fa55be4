//! A crowd that comes by the clock: few, then many, then few again.

use std::cell::RefCell;
use std::time::Duration;

use evidence::load::{LoadPlan, Sample, open_loop_phases};
use evidence::statistics::{Latencies, latencies, percentile, record, slower_than};
use tokio::time::Instant;

use super::buyer::{Answer, Bought, Shop};

/// What counts as answered in time.
pub(super) const IN_TIME: Duration = Duration::from_secs(1);
/// What counts as refused at once.
pub(super) const AT_ONCE: Duration = Duration::from_millis(100);

/// Who comes, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// Buyers a second before and after the rush.
    pub quiet: f64,
    /// Buyers a second in the rush.
    pub peak: f64,
    /// How long the quiet, the rush and the quiet after it last.
    pub phases: [Duration; 3],
    /// When, from the beginning, nobody comes back any more.
    pub closing: Duration,
}

/// What became of them.
#[derive(Clone, Debug)]
pub struct Sale {
    /// Buyers who came.
    pub buyers: u64,
    /// Those who have an order.
    pub orders: u64,
    /// What these orders are worth, in cents.
    pub cents: u64,
    /// Those who were told that nothing is left.
    pub sold_out: u64,
    /// Those who were refused until they left.
    pub turned_away: u64,
    /// Those who got an error, or no answer at all.
    pub failed: u64,
    /// Requests that they made.
    pub requests: u64,
    /// Refusals among the answers that did not say when to come back.
    pub untold: u64,
    /// Times of the requests that became orders.
    pub ordered: Latencies,
    /// Times of the requests that were refused.
    pub refused: Latencies,
}

impl Sale {
    fn new() -> Self {
        Self {
            buyers: 0,
            orders: 0,
            cents: 0,
            sold_out: 0,
            turned_away: 0,
            failed: 0,
            requests: 0,
            untold: 0,
            ordered: latencies(),
            refused: latencies(),
        }
    }

    /// Adds one buyer.
    pub fn add(&mut self, bought: &Bought) {
        self.buyers += 1;
        match bought.answer {
            Answer::Ordered { total_cents } => {
                self.orders += 1;
                self.cents += total_cents;
            }
            Answer::SoldOut => self.sold_out += 1,
            Answer::Refused { .. } => self.turned_away += 1,
            Answer::Failed(_) | Answer::Silence => self.failed += 1,
        }
        for (answer, took) in &bought.requests {
            self.requests += 1;
            match answer {
                Answer::Ordered { .. } => record(&mut self.ordered, *took),
                Answer::Refused { retry_after } => {
                    self.untold += u64::from(retry_after.is_none());
                    record(&mut self.refused, *took);
                }
                _ => {}
            }
        }
    }

    /// Orders whose request was answered within a second.
    #[must_use]
    pub fn in_time(&self) -> u64 {
        self.ordered.len() - slower_than(&self.ordered, IN_TIME)
    }

    /// Refusals that took no longer than a tenth of a second.
    #[must_use]
    pub fn at_once(&self) -> u64 {
        self.refused.len() - slower_than(&self.refused, AT_ONCE)
    }

    /// The time that 99 % of the requests that became orders did not exceed.
    #[must_use]
    pub fn p99(&self) -> Duration {
        percentile(&self.ordered, 99.0)
    }

    /// The same for half of them.
    #[must_use]
    pub fn p50(&self) -> Duration {
        percentile(&self.ordered, 50.0)
    }
}

/// Sends the crowd, and tells `seen` of each buyer who leaves.
pub async fn rush(shop: &Shop, crowd: &Crowd, seen: impl Fn(&Bought)) -> Sale {
    let [before, rush, after] = crowd.phases;
    let plan = |rate_per_second, duration| LoadPlan {
        rate_per_second,
        duration,
        // Everybody may come: it is the server that has to say no.
        max_in_flight: usize::MAX,
    };
    let phases = [plan(crowd.quiet, before), plan(crowd.peak, rush), plan(crowd.quiet, after)];
    let closing = Instant::now() + crowd.closing;
    // A cell: all buyers are polled by one thread.
    let sale = RefCell::new(Sale::new());
    open_loop_phases(&phases, |buyer| {
        let (sale, seen) = (&sale, &seen);
        async move {
            let bought = shop.buy(buyer, closing).await;
            seen(&bought);
            sale.borrow_mut().add(&bought);
            Sample::class(bought.answer.class())
        }
    })
    .await;
    sale.into_inner()
}

impl Crowd {
    /// Buyers who come.
    #[must_use]
    pub fn size(&self) -> u64 {
        let [before, rush, after] = self.phases.map(|phase| phase.as_secs_f64());
        (self.quiet * (before + after) + self.peak * rush).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sale_counts_buyers_by_their_last_answer_and_requests_by_each() {
        let refused = |seconds: Option<u64>| Answer::Refused {
            retry_after: seconds.map(Duration::from_secs),
        };
        let ordered = Answer::Ordered { total_cents: 4_990 };
        let bought = |requests: &[(Answer, u64)]| {
            let requests: Vec<_> = requests
                .iter()
                .map(|(answer, milliseconds)| (*answer, Duration::from_millis(*milliseconds)))
                .collect();
            let answer = requests.last().unwrap().0;
            Bought { answer, after: Duration::ZERO, requests }
        };
        let mut sale = Sale::new();
        sale.add(&bought(&[(refused(Some(1)), 20), (ordered, 300)]));
        sale.add(&bought(&[(ordered, 1_500)]));
        sale.add(&bought(&[(refused(None), 400)]));
        sale.add(&bought(&[(Answer::SoldOut, 5)]));
        sale.add(&bought(&[(Answer::Silence, 10_000)]));
        assert_eq!((sale.buyers, sale.orders, sale.cents), (5, 2, 9_980));
        assert_eq!((sale.sold_out, sale.turned_away, sale.failed), (1, 1, 1));
        assert_eq!((sale.requests, sale.untold), (6, 1));
        assert_eq!((sale.in_time(), sale.at_once()), (1, 1));
    }
}
