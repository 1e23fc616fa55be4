//! How many workers there should be.

/// The bounds of a supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Workers that are there when nothing is to be done.
    pub min: u32,
    /// Workers that there are at most: each brings connections to the database.
    pub max: u32,
    /// Jobs that one worker can have in front of it.
    pub per_worker: u64,
}

impl Policy {
    /// How many workers there should be next, with `running` of them and `depth` jobs that wait or
    /// run.
    ///
    /// Up at once and as far as needed, as each moment of waiting costs; down one at a time, and only
    /// once the work would fill the others by no more than half: a queue that wavers about a bound
    /// would otherwise start and stop a process at each look.
    #[must_use]
    pub fn wanted(&self, depth: u64, running: u32) -> u32 {
        let needed = depth.div_ceil(self.per_worker.max(1));
        let needed = u32::try_from(needed).unwrap_or(u32::MAX).clamp(self.min, self.max);
        if needed >= running {
            return needed;
        }
        if running > self.max {
            return self.max;
        }
        let left = u64::from(running - 1) * self.per_worker;
        let fills_half = depth.saturating_mul(2) <= left;
        if fills_half || depth == 0 { running - 1 } else { running }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy { min: 1, max: 5, per_worker: 10 };

    #[test]
    fn workers_are_added_at_once_and_within_bounds() {
        let cases = [(0, 1), (1, 1), (10, 1), (11, 2), (35, 4), (50, 5), (51, 5), (u64::MAX, 5)];
        for (depth, wanted) in cases {
            assert_eq!(POLICY.wanted(depth, 1), wanted, "{depth} jobs");
        }
        assert_eq!(POLICY.wanted(0, 0), 1);
        assert_eq!(POLICY.wanted(0, 9), 5, "more than there may be");
    }

    #[test]
    fn workers_go_one_by_one_once_the_others_are_half_idle() {
        let cases = [(50, 5), (40, 5), (30, 5), (21, 5), (20, 4), (0, 4)];
        for (depth, wanted) in cases {
            assert_eq!(POLICY.wanted(depth, 5), wanted, "{depth} jobs");
        }
        assert_eq!(POLICY.wanted(0, 2), 1);
        assert_eq!((POLICY.wanted(6, 2), POLICY.wanted(5, 2)), (2, 1));
        assert_eq!(POLICY.wanted(0, 1), 1);
    }

    #[test]
    fn a_queue_that_wavers_about_a_bound_starts_nothing_twice() {
        let mut running = 3;
        for depth in [31, 29, 31, 28, 30, 27, 31].into_iter().cycle().take(70) {
            running = POLICY.wanted(depth, running);
            assert_eq!(running, 4, "{depth} jobs");
        }
    }
}
