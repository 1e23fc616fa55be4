//! The six faults: how each is injected, what shows it, what stops it, and what repairs it.

mod blocking_call;
mod growing_queries;
mod idle_transaction;
mod leaked_connection;
mod retry_storm;
mod unbounded_map;

use crate::service::Action;
use crate::signals::{Evidence, Seen};

pub(crate) use blocking_call::Printer;
pub(crate) use growing_queries::{History, IMPORTED, STATEMENTS};
pub(crate) use idle_transaction::PriceJob;
pub(crate) use leaked_connection::Notes;
pub(crate) use retry_storm::{CALLS, Tracking};
pub(crate) use unbounded_map::Answers;

/// What can be wrong with the order-lookup service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    LeakedConnection,
    BlockingCall,
    RetryStorm,
    GrowingQueries,
    UnboundedMap,
    IdleTransaction,
}

/// Everything that is to be known about a fault.
pub(crate) struct Case {
    pub(crate) fault: Fault,
    pub(crate) title: &'static str,
    /// What happened just before.
    pub(crate) injected: &'static str,
    /// What stops the failures without anybody knowing the cause.
    pub(crate) mitigation: &'static [Action],
    /// What is seen in the signals if, and only if, this fault is at work.
    pub(crate) evidence: fn(&Seen) -> Evidence,
    pub(crate) cause: &'static str,
    pub(crate) fix: &'static str,
    pub(crate) prevention: &'static str,
    /// From vague to plain.
    pub(crate) hints: [&'static str; 3],
}

impl Fault {
    /// Every fault, in the order in which they are shown.
    pub(crate) const ALL: [Self; 6] = [
        Self::LeakedConnection,
        Self::BlockingCall,
        Self::RetryStorm,
        Self::GrowingQueries,
        Self::UnboundedMap,
        Self::IdleTransaction,
    ];

    /// Its name on the command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::LeakedConnection => "leaked-connection",
            Self::BlockingCall => "blocking-call",
            Self::RetryStorm => "retry-storm",
            Self::GrowingQueries => "growing-queries",
            Self::UnboundedMap => "unbounded-map",
            Self::IdleTransaction => "idle-transaction",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    pub(crate) fn case(self) -> &'static Case {
        match self {
            Self::LeakedConnection => &leaked_connection::CASE,
            Self::BlockingCall => &blocking_call::CASE,
            Self::RetryStorm => &retry_storm::CASE,
            Self::GrowingQueries => &growing_queries::CASE,
            Self::UnboundedMap => &unbounded_map::CASE,
            Self::IdleTransaction => &idle_transaction::CASE,
        }
    }

    /// The fault of a seed, the same on every machine and in every version: one step of SplitMix64
    /// instead of a random generator whose algorithm may change with its crate.
    pub(crate) fn blind(seed: u64) -> Self {
        let mut mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        // The remainder is below six, so the cast loses nothing.
        Self::ALL[(mixed % Self::ALL.len() as u64) as usize]
    }
}
