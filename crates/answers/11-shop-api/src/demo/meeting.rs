//! Where the buyers of a round wait for each other.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Longer than any statement takes; only a buyer who failed before the meeting is waited for so long.
const BOUND: Duration = Duration::from_secs(10);

/// A barrier with a bound: whoever failed on the way must not keep the others for ever, and neither
/// must a run that was stopped. A mutex with a condition variable, as `Barrier` cannot give up.
pub(super) struct Meeting {
    members: usize,
    came: Mutex<usize>,
    changed: Condvar,
}

impl Meeting {
    pub(super) fn of(members: usize) -> Self {
        Self { members, came: Mutex::default(), changed: Condvar::new() }
    }

    /// Arrives, and waits for the others.
    pub(super) fn attend(&self) {
        let mut came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        *came += 1;
        self.changed.notify_all();
        // Whether it ended by the bound shows in what is counted afterwards.
        let _ = self.changed.wait_timeout_while(came, BOUND, |came| *came < self.members);
    }
}
