//! How fast a queue moves, so that one can tell at its end whether waiting makes sense.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The typical time of one piece of work, as an exponentially weighted mean.
///
/// A queue of fixed length is too long when work is slow and too short when it is fast. With the
/// pace known, whoever would wait past the bound is refused on arrival, and not after the wait.
#[derive(Debug, Default)]
pub struct Pace {
    /// Nanoseconds. An atomic without a lock: two threads that write at once lose one sample.
    mean: AtomicU64,
}

impl Pace {
    /// A new sample counts one eighth, as in TCP's round-trip estimate (RFC 6298, section 2).
    pub fn record(&self, took: Duration) {
        let sample = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX / 8);
        let mean = self.mean.load(Ordering::Relaxed);
        let next = if mean == 0 { sample } else { mean - mean / 8 + sample / 8 };
        self.mean.store(next, Ordering::Relaxed);
    }

    /// How long the last of `waiting` pieces of work waits for one of `workers`.
    #[must_use]
    pub fn expected_wait(&self, waiting: usize, workers: usize) -> Duration {
        let mean = Duration::from_nanos(self.mean.load(Ordering::Relaxed));
        let turns = u32::try_from(waiting / workers.max(1)).unwrap_or(u32::MAX);
        mean.saturating_mul(turns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expected_wait_follows_the_work_and_the_length_of_the_queue() {
        let pace = Pace::default();
        assert_eq!(pace.expected_wait(1_000, 1), Duration::ZERO, "nothing is known yet");
        for _ in 0..100 {
            pace.record(Duration::from_millis(80));
        }
        let wait = pace.expected_wait(10, 2);
        assert!((390..=410).contains(&wait.as_millis()), "five turns of 80 ms: {wait:?}");
        for _ in 0..100 {
            pace.record(Duration::from_millis(8));
        }
        assert!(pace.expected_wait(10, 2) < Duration::from_millis(50), "it forgets the slow ones");
    }
}
