//! How the orders service is built and run: each planted cause is one setting.

use std::time::Duration;

/// A release of the service. What it calls the amount of an order is what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// `"total": "12.99"`.
    Old,
    /// `"total_cents": 1299`.
    New,
}

impl Release {
    /// As the header says it.
    #[must_use]
    pub fn number(self) -> &'static str {
        match self {
            Self::Old => "1.4.0",
            Self::New => "1.5.0",
        }
    }
}

/// Where an instance has a shop's terms from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermsFrom {
    /// Its own copy, until it is this old.
    CopyFor(Duration),
    /// Its own copy, while the version that comes with the orders is that of the copy.
    CheckedCopy,
    /// The database, each time.
    Database,
}

/// How orders are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordering {
    /// By day alone, which many orders share.
    ByDate,
    /// By day, then by id.
    ByDateAndId,
}

/// How the balancer chooses an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// In turn.
    RoundRobin,
    /// By the number in the client's cookie, so that a client stays where it is.
    Sticky,
}

/// Two instances of the service and what is in front of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The releases of instance a and b.
    pub releases: [Release; 2],
    /// Of both.
    pub terms: TermsFrom,
    /// Of both.
    pub ordering: Ordering,
    /// In front of them.
    pub routing: Routing,
}

impl Setup {
    /// With all three causes: a rollout that stopped half-way, a copy that nobody checks, and an
    /// order that leaves ties open.
    pub const AS_REPORTED: Self = Self {
        releases: [Release::Old, Release::New],
        terms: TermsFrom::CopyFor(Duration::from_secs(300)),
        ordering: Ordering::ByDate,
        routing: Routing::RoundRobin,
    };

    /// The rollout is finished.
    #[must_use]
    pub fn one_release(self) -> Self {
        Self { releases: [Release::New; 2], ..self }
    }

    /// The copy is checked.
    #[must_use]
    pub fn checked_copy(self) -> Self {
        Self { terms: TermsFrom::CheckedCopy, ..self }
    }

    /// The order is total.
    #[must_use]
    pub fn total_order(self) -> Self {
        Self { ordering: Ordering::ByDateAndId, ..self }
    }

    /// Nothing is wrong any more.
    #[must_use]
    pub fn fixed() -> Self {
        Self::AS_REPORTED.one_release().checked_copy().total_order()
    }
}
