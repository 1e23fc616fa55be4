//! A clock that stands still unless it is put forward: nobody waits for a copy to grow old, and a
//! slow machine sees what a fast one does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Time since the laboratory opened.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// An atomic, as every request reads it and nothing else depends on it.
    milliseconds: AtomicU64,
}

impl Clock {
    pub(super) fn now(&self) -> Duration {
        Duration::from_millis(self.milliseconds.load(Ordering::SeqCst))
    }

    pub(super) fn forward(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.milliseconds.fetch_add(by, Ordering::SeqCst);
    }
}
