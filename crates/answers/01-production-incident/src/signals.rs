//! What somebody on call can see, and what it says about each of the six hypotheses.

use std::collections::BTreeMap;

use foundation::operations::Activity;

use crate::faults::{CALLS, Case, Fault, STATEMENTS};
use crate::service::OBJECTIVE;

/// Whether the trace of one fault is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// What was looked at, with its value.
    pub(crate) text: String,
    pub(crate) present: bool,
}

/// What was seen of the service during one wave of requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Connections out of the order pool after the wave, when nothing is served.
    pub(crate) pool_out: u32,
    pub(crate) pool_size: u32,
    /// Milliseconds until `/health/live` answered, at worst.
    pub(crate) live_ms: u64,
    pub(crate) calls_per_parcel: f64,
    pub(crate) statements_per_history: f64,
    /// Kept answers, and their size.
    pub(crate) kept: usize,
    pub(crate) kept_bytes: usize,
    /// Sessions during the wave, at most.
    pub(crate) idle_in_transaction: usize,
    pub(crate) blocked: usize,
}

impl Seen {
    /// The objective, in the unit of [`Seen::live_ms`].
    pub(crate) fn promised_ms(&self) -> u64 {
        u64::try_from(OBJECTIVE.as_millis()).unwrap_or(u64::MAX)
    }

    /// Counts sessions as `pg_stat_activity` has them; the most of several looks is kept.
    pub(crate) fn of_sessions(&mut self, sessions: &[Activity]) {
        let idle = sessions.iter().filter(|one| one.state.starts_with("idle in transaction"));
        self.idle_in_transaction = self.idle_in_transaction.max(idle.count());
        let blocked = sessions.iter().filter(|one| !one.blocked_by.is_empty());
        self.blocked = self.blocked.max(blocked.count());
    }

    /// Each fault with its evidence.
    pub(crate) fn weighed(&self) -> Vec<(&'static Case, Evidence)> {
        Fault::ALL.into_iter().map(Fault::case).map(|case| (case, (case.evidence)(self))).collect()
    }

    /// The faults that are not ruled out.
    pub(crate) fn suspects(&self) -> Vec<Fault> {
        let weighed = self.weighed().into_iter();
        weighed.filter(|(_, evidence)| evidence.present).map(|(case, _)| case.fault).collect()
    }
}

/// Counters of one moment, read off the text that Prometheus scrapes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters(BTreeMap<String, f64>);

impl Counters {
    /// Sums the samples of each name over its labels.
    pub(crate) fn read(exposition: &str) -> Self {
        let mut sums = BTreeMap::new();
        for line in exposition.lines().filter(|line| !line.starts_with('#')) {
            let Some((sample, value)) = line.rsplit_once(' ') else { continue };
            let name = sample.split('{').next().unwrap_or(sample);
            if let Ok(value) = value.parse::<f64>() {
                *sums.entry(name.to_owned()).or_insert(0.0) += value;
            }
        }
        Self(sums)
    }

    /// The sum of this name; 0 where there is no sample.
    pub(crate) fn value(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    /// Carrier calls and history statements since `before`.
    pub(crate) fn since(&self, before: &Self) -> (f64, f64) {
        let grown = |name: &str| self.value(name) - before.value(name);
        (grown(CALLS), grown(STATEMENTS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_summed_over_their_labels() {
        let text = "# HELP a_total x\n# TYPE a_total counter\na_total{route=\"/a b\"} 2\n\
                    a_total{route=\"c\"} 3\nb 1.5\nbroken\n";
        let counters = Counters::read(text);
        assert_eq!(counters.value("a_total"), 5.0);
        assert_eq!(counters.value("b"), 1.5);
        assert_eq!(counters.value("missing"), 0.0);
    }

    #[test]
    fn a_calm_service_raises_no_suspicion() {
        assert_eq!(Seen { pool_size: 4, ..Seen::default() }.suspects(), []);
    }
}
