//! How one cache behaves.

use std::time::Duration;

use rand::RngExt;

/// Settings of one cache; start from [`CacheSettings::new`] and change what differs.
#[derive(Clone, Copy, Debug)]
pub struct CacheSettings {
    /// Name in keys and metrics, such as `todo-lists`; one cache each.
    pub name: &'static str,
    /// Values kept in process. 0: none, so that each read asks the shared level.
    pub capacity: u64,
    /// The longest that a value is kept, in either level.
    pub ttl: Duration,
    /// The longest that "there is no such thing" is kept. Zero: it is not.
    pub negative_ttl: Duration,
    /// The longest that a value is kept in process while other replicas cannot tell of their
    /// writes, because there is no Redis or it is lost: this is how stale a read may then be.
    pub alone_ttl: Duration,
    /// By which share of itself a lifetime is shortened at most, 0.0 to 1.0, at random: values
    /// that were stored together do not end together.
    pub jitter: f64,
    /// How long a load may take and still fill the shared level.
    pub lease: Duration,
    /// How long a read waits for another replica that is loading the same value; then it loads,
    /// too.
    pub patience: Duration,
}

impl CacheSettings {
    /// Ten thousand values in process, for a minute (absence for five seconds, one second while
    /// alone), lifetimes up to a tenth shorter.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            capacity: 10_000,
            ttl: Duration::from_secs(60),
            negative_ttl: Duration::from_secs(5),
            alone_ttl: Duration::from_secs(1),
            jitter: 0.1,
            lease: Duration::from_secs(5),
            patience: Duration::from_millis(100),
        }
    }

    /// How long this value is kept; zero when it is not.
    pub(crate) fn lifetime(&self, is_present: bool) -> Duration {
        let longest = if is_present { self.ttl } else { self.negative_ttl };
        longest.mul_f64(1.0 - self.jitter.clamp(0.0, 1.0) * rand::rng().random::<f64>())
    }

    /// How long Redis remembers a group: longer than any value in it, so that a group which is not
    /// there has no values either.
    pub(crate) fn group_memory(&self) -> Duration {
        2 * self.ttl.max(self.negative_ttl) + self.lease
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_spread_below_the_longest_and_never_above() {
        let settings = CacheSettings {
            ttl: Duration::from_secs(100),
            negative_ttl: Duration::from_secs(10),
            jitter: 0.2,
            ..CacheSettings::new("test")
        };
        for (is_present, least, most) in [(true, 80, 100), (false, 8, 10)] {
            let lives: Vec<Duration> = (0..1_000).map(|_| settings.lifetime(is_present)).collect();
            let (least, most) = (Duration::from_secs(least), Duration::from_secs(most));
            assert!(lives.iter().all(|life| (least..=most).contains(life)), "{is_present}");
            let early = lives.iter().filter(|life| **life < (least + most) / 2).count();
            assert!((300..700).contains(&early), "{early} of 1000 end in the earlier half");
        }
    }

    #[test]
    fn without_jitter_a_lifetime_is_exact() {
        let settings = CacheSettings { jitter: 0.0, ..CacheSettings::new("test") };
        assert_eq!(settings.lifetime(true), settings.ttl);
        assert_eq!(settings.lifetime(false), settings.negative_ttl);
    }
}
