//! Limits on how often one client may call, with the headers that tell it so.

mod local;
mod shared;

use std::fmt::{self, Display};
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use error_handling::{Problem, ProblemType};

use crate::redis::{Redis, RedisGone};
use local::Local;
use shared::Shared;

/// `limit` calls per `window` for each key, spread evenly, with the whole limit as burst.
///
/// GCRA instead of counting per fixed window, which lets twice the limit through at once around the
/// change of windows; here what comes after the burst comes evenly. governor in this process, one
/// script in Redis for all servers together.
pub struct RateLimit<K: Hash + Eq + Clone> {
    local: Local<K>,
    shared: Option<Shared>,
    policy: &'static str,
    limit: NonZeroU32,
    window: Duration,
}

impl<K: Hash + Eq + Clone> fmt::Debug for RateLimit<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RateLimit({}: {} per {:?})", self.policy, self.limit, self.window)
    }
}

/// What one call was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Calls left right now.
    pub remaining: u32,
    /// When the next call is possible; zero while some are left.
    pub retry_after: Duration,
    /// Whether this call may go on.
    pub granted: bool,
}

impl<K: Hash + Eq + Clone> RateLimit<K> {
    /// `limit` calls per `window`; `policy` names it in the headers and in Redis.
    #[must_use]
    pub fn new(policy: &'static str, limit: NonZeroU32, window: Duration) -> Self {
        let local = Local::new(limit, interval(limit, window));
        Self { local, shared: None, policy, limit, window }
    }

    /// Counts together with the other servers, where there is a Redis.
    #[must_use]
    pub fn shared(self, redis: Option<&Redis>) -> Self {
        let Self { policy, limit, window, .. } = self;
        let shared =
            redis.map(|redis| Shared::new(redis.clone(), policy, limit, interval(limit, window)));
        Self { shared, ..self }
    }

    /// Counts one call in this process alone.
    pub fn take(&self, key: &K) -> Allowance {
        self.local.take(key)
    }

    /// Adds to `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10). Both are
    /// lists, so that the limit of a route stands beside the one of the whole API.
    pub fn describe(&self, allowance: Allowance, headers: &mut HeaderMap) {
        let Self { policy, limit, window, .. } = self;
        let reset = if allowance.granted { *window / limit.get() } else { allowance.retry_after };
        let fields = [
            ("ratelimit-policy", format!("\"{policy}\";q={limit};w={}", window.as_secs())),
            ("ratelimit", format!("\"{policy}\";r={};t={}", allowance.remaining, ceil(reset))),
        ];
        for (name, value) in fields {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
    }

    /// The 429 for a call that was not granted.
    #[must_use]
    pub fn refusal(allowance: Allowance) -> Problem {
        Problem::new(ProblemType::TooManyRequests, "You have called too often; wait a little.")
            .with_retry_after(allowance.retry_after)
    }
}

impl<K: Hash + Eq + Clone + Display> RateLimit<K> {
    /// Counts one call: in Redis where the limit is shared, otherwise in this process. The text of
    /// a shared key is seen in Redis, so give a digest of what is secret or long.
    ///
    /// # Errors
    /// [`RedisGone`] for a shared limit; the caller refuses, or uses [`RateLimit::admit_or_local`].
    pub async fn admit(&self, key: &K) -> Result<Allowance, RedisGone> {
        match &self.shared {
            Some(shared) => shared.take(key).await,
            None => Ok(self.local.take(key)),
        }
    }

    /// Counts one call, in this process while Redis is gone. Each server then grants the whole
    /// limit, which is right where refusing everybody would be worse.
    pub async fn admit_or_local(&self, key: &K) -> Allowance {
        self.admit(key).await.unwrap_or_else(|RedisGone| self.local.take(key))
    }

    /// Gives one call back, as for a log-in that succeeded where only failed ones count.
    pub async fn refund(&self, key: &K) {
        self.give_back(key, interval(self.limit, self.window)).await;
    }

    /// As if `time` had passed for this key.
    #[cfg(feature = "testing")]
    pub async fn pass_time(&self, key: &K, time: Duration) {
        self.give_back(key, time).await;
    }

    /// In this process when Redis is gone, as the call was most likely counted here then.
    async fn give_back(&self, key: &K, time: Duration) {
        let given = match &self.shared {
            Some(shared) => shared.give_back(key, time).await,
            None => Err(RedisGone),
        };
        if given.is_err() {
            self.local.give_back(key, time);
        }
    }
}

/// The time that one call costs.
fn interval(limit: NonZeroU32, window: Duration) -> Duration {
    (window / limit.get()).max(Duration::from_micros(1))
}

fn ceil(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// What stands for one client: an IPv4 address, or the /64 network that an IPv6 host is given
/// (RFC 6177), from which it could otherwise draw a fresh address per call.
#[must_use]
pub fn client_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6([a, b, c, d, 0, 0, 0, 0].into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_after_the_limit_is_refused_and_told_when_to_return() {
        let limit = RateLimit::new("test", NonZeroU32::new(3).unwrap(), Duration::from_secs(3600));
        let left: Vec<u32> = (0..3).map(|_| limit.take(&"a").remaining).collect();
        assert_eq!(left, [2, 1, 0]);
        let refused = limit.take(&"a");
        assert!(!refused.granted);
        assert!(refused.retry_after > Duration::from_secs(1000), "{refused:?}");
        assert!(limit.take(&"b").granted, "another key has its own limit");
    }

    #[test]
    fn one_ipv6_network_is_one_client_and_a_mapped_ipv4_address_its_plain_self() {
        let key = |text: &str| client_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    }
}
