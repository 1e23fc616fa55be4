//! Waiting until the other replicas have heard of a write.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// The confirmations that are being waited for.
#[derive(Debug, Default)]
pub(crate) struct Confirmations {
    next: AtomicU64,
    /// How many have come in, by the number of the message. A mutex, as it is held for one look
    /// into the map per write.
    arrived: Mutex<HashMap<u64, watch::Sender<u64>>>,
}

/// Waits for the confirmations of one message; forgotten when dropped.
pub(crate) struct Expected<'all> {
    all: &'all Confirmations,
    number: u64,
    arrived: watch::Receiver<u64>,
}

impl Confirmations {
    /// A number for a message. Asked for before it is sent, as an answer may be quicker than the
    /// word of how many to expect.
    pub(crate) fn expect(&self) -> Expected<'_> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, arrived) = watch::channel(0);
        self.lock().insert(number, sender);
        Expected { all: self, number, arrived }
    }

    /// A replica has confirmed the message of this number.
    pub(crate) fn arrived(&self, number: u64) {
        if let Some(count) = self.lock().get(&number) {
            count.send_modify(|count| *count += 1);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, watch::Sender<u64>>> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Expected<'_> {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Returns once this many replicas have confirmed.
    pub(crate) async fn from(&mut self, replicas: u64) {
        // Cannot fail: the sender lives in the map until this value is dropped.
        let _ = self.arrived.wait_for(|count| *count >= replicas).await;
    }
}

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        self.all.lock().remove(&self.number);
    }
}
