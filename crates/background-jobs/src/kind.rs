//! What is to be done: kinds of jobs and how each is treated.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use error_handling::Retry;

/// Which job; given out by the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(i64);

impl JobId {
    /// The id as a person typed it or a list showed it.
    #[must_use]
    pub const fn new(id: i64) -> Self {
        Self(id)
    }

    /// The number in the database.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One kind of job: its name, the type of its payload, and how it is run. Make it a `static`, for
/// example `static ORDER_MAIL: Kind<OrderMail> = Kind::new("order-mail").at_once(4)`.
///
/// The policy stands in the code, not in each row, so that a change also reaches jobs that wait.
#[derive(Debug)]
pub struct Kind<P> {
    pub(crate) policy: Policy,
    /// `fn(P)`, so that a kind can be shared between threads whatever its payload is.
    payload: PhantomData<fn(P)>,
}

/// All of a kind but the type of its payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) name: &'static str,
    pub(crate) retry: Retry,
    pub(crate) lease: Duration,
    pub(crate) time_limit: Duration,
    pub(crate) at_once: usize,
}

impl<P> Kind<P> {
    /// A kind with 10 attempts over about half an hour, a lease of 30 seconds, a minute for each
    /// attempt and four at once in each process. The name (1 to 64 bytes) is what is stored: keep it
    /// when the code moves.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        let policy = Policy {
            name,
            retry: Retry {
                attempts: 10,
                base: Duration::from_secs(2),
                cap: Duration::from_secs(600),
            },
            lease: Duration::from_secs(30),
            time_limit: Duration::from_secs(60),
            at_once: 4,
        };
        Self { policy, payload: PhantomData }
    }

    /// How often it is tried, the first time included, and how long the waits between are: random
    /// between zero and a bound that doubles.
    #[must_use]
    pub const fn retried(mut self, retry: Retry) -> Self {
        self.policy.retry = retry;
        self
    }

    /// How long a job stays invisible after its worker was last heard of (the visibility time-out).
    /// A worker that lives renews the lease three times within it, so it may be much shorter than
    /// the work takes; a second at the least.
    #[must_use]
    pub const fn leased_for(mut self, lease: Duration) -> Self {
        self.policy.lease = if lease.as_secs() == 0 { Duration::from_secs(1) } else { lease };
        self
    }

    /// How long one attempt may take; then its future is dropped and the attempt has failed.
    #[must_use]
    pub const fn limited_to(mut self, time_limit: Duration) -> Self {
        self.policy.time_limit = time_limit;
        self
    }

    /// How many run at once in each process; the others wait in the database. Each kind has its own
    /// bound, so that a slow one cannot hold up the rest.
    #[must_use]
    pub const fn at_once(mut self, at_once: usize) -> Self {
        self.policy.at_once = at_once;
        self
    }

    /// The stored name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.policy.name
    }
}
