//! Parts of the service that can be switched off and replaced while it runs.

use std::sync::atomic::{AtomicBool, Ordering};

/// A part of the service that has a switch of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Feature {
    /// Notes about orders that do not exist.
    Notes,
    /// Printing a receipt right away.
    Printing,
    /// The live status of the parcel.
    Shipping,
    /// A customer's whole history instead of the newest twenty orders.
    History,
    /// Kept answers.
    Cache,
}

impl Feature {
    /// Every feature, as the switchboard lists them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Notes, Self::Printing, Self::Shipping, Self::History, Self::Cache];

    /// Its name on the switchboard.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Notes => "notes",
            Self::Printing => "printing",
            Self::Shipping => "shipping",
            Self::History => "history",
            Self::Cache => "cache",
        }
    }
}

/// Which code of a part runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runs {
    /// Switched off.
    Nothing,
    /// As it was shipped.
    Faulty,
    /// The fix.
    Repaired,
}

/// The switch of one part. Atomics: read by every request, written by whoever is on call.
#[derive(Debug)]
pub(crate) struct Part {
    on: AtomicBool,
    repaired: AtomicBool,
}

impl Part {
    pub(crate) const fn new(on: bool) -> Self {
        Self { on: AtomicBool::new(on), repaired: AtomicBool::new(false) }
    }

    pub(crate) fn runs(&self) -> Runs {
        match (self.on.load(Ordering::SeqCst), self.repaired.load(Ordering::SeqCst)) {
            (false, _) => Runs::Nothing,
            (true, false) => Runs::Faulty,
            (true, true) => Runs::Repaired,
        }
    }

    pub(crate) fn switch(&self, on: bool) {
        self.on.store(on, Ordering::SeqCst);
    }

    /// Deploys the fix and switches the part on.
    pub(crate) fn repair(&self) {
        self.repaired.store(true, Ordering::SeqCst);
        self.switch(true);
    }
}
