//! What a provider remembers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::Settings;
use crate::model::OrderId;

/// What became of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    /// Paid.
    Succeeded,
    /// Not paid.
    Declined,
}

impl Decided {
    /// As it is told.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Declined => "declined",
        }
    }
}

/// A charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charged {
    /// Our name for it.
    pub reference: String,
    /// What it pays for.
    pub order: OrderId,
    /// How much.
    pub amount_cents: i64,
    /// `None` while nobody knows.
    pub decided: Option<Decided>,
    /// Whether the money went back.
    pub refunded: bool,
}

/// Charges by their idempotency keys, and whom to tell of them.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) settings: Settings,
    /// A mutex: a few requests at once, each for microseconds.
    charges: Mutex<HashMap<String, Charged>>,
    endpoints: Mutex<Vec<String>>,
    calls: AtomicU64,
    down: AtomicBool,
    answers_held: AtomicBool,
    decisions_held: AtomicBool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks now and then, which is good enough for something that only tests and demos do.
async fn until_let_go(held: &AtomicBool) {
    while held.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl Book {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            charges: Mutex::default(),
            endpoints: Mutex::default(),
            calls: AtomicU64::default(),
            down: AtomicBool::default(),
            answers_held: AtomicBool::default(),
            decisions_held: AtomicBool::default(),
        }
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    pub(super) fn be_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    pub(super) fn hold_answers(&self, held: bool) {
        self.answers_held.store(held, Ordering::SeqCst);
    }

    pub(super) fn hold_decisions(&self, held: bool) {
        self.decisions_held.store(held, Ordering::SeqCst);
    }

    pub(super) async fn answer_time(&self) {
        until_let_go(&self.answers_held).await;
    }

    pub(super) async fn decision_time(&self) {
        tokio::time::sleep(self.settings.delay).await;
        until_let_go(&self.decisions_held).await;
    }

    pub(super) fn charges(&self) -> Vec<Charged> {
        locked(&self.charges).values().cloned().collect()
    }

    pub(super) fn add_endpoint(&self, url: String) {
        let mut endpoints = locked(&self.endpoints);
        if !endpoints.contains(&url) {
            endpoints.push(url);
        }
    }

    pub(super) fn endpoints(&self) -> Vec<String> {
        locked(&self.endpoints).clone()
    }

    /// Counts the call and tells whether it fails.
    pub(super) fn fails(&self, key: &str) -> bool {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let by_chance = self.chance(&format!("fail {key} {call}")) < self.settings.fail_share;
        by_chance || self.down.load(Ordering::SeqCst)
    }

    /// The charge under this key, and whether it was made now; `None` for a key that came with
    /// something else.
    pub(super) fn take(
        &self,
        key: &str,
        order: OrderId,
        amount_cents: i64,
    ) -> Option<(Charged, bool)> {
        let mut charges = locked(&self.charges);
        if let Some(known) = charges.get(key) {
            let same = known.order == order && known.amount_cents == amount_cents;
            return same.then(|| (known.clone(), false));
        }
        let reference = format!("ch_{:016x}", self.draw(&format!("reference {key}")));
        let charged = Charged { reference, order, amount_cents, decided: None, refunded: false };
        charges.insert(key.to_owned(), charged.clone());
        Some((charged, true))
    }

    pub(super) fn find(&self, key: &str) -> Option<Charged> {
        locked(&self.charges).get(key).cloned()
    }

    pub(super) fn decide(&self, key: &str) -> Option<Charged> {
        let declined = self.chance(&format!("decline {key}")) < self.settings.decline_share;
        let decided = if declined { Decided::Declined } else { Decided::Succeeded };
        let mut charges = locked(&self.charges);
        let charged = charges.get_mut(key)?;
        charged.decided = Some(decided);
        Some(charged.clone())
    }

    pub(super) fn refund(&self, reference: &str) -> bool {
        let mut charges = locked(&self.charges);
        let mut all = charges.values_mut();
        let found = all.find(|charged| charged.reference == reference);
        found.map(|charged| charged.refunded = true).is_some()
    }

    /// How often a callback of this key is sent.
    pub(super) fn copies(&self, key: &str) -> usize {
        let twice = self.chance(&format!("twice {key}")) < self.settings.duplicate_share;
        if twice { 2 } else { 1 }
    }

    /// The same number for the same seed and purpose, 0.0 to 1.0.
    fn chance(&self, purpose: &str) -> f64 {
        // 53 bits are what a double holds exactly.
        #[allow(clippy::cast_precision_loss)]
        let part = (self.draw(purpose) >> 11) as f64;
        part / (1_u64 << 53) as f64
    }

    fn draw(&self, purpose: &str) -> u64 {
        let digest = Sha256::new().chain_update(self.settings.seed.to_be_bytes());
        let digest = digest.chain_update(purpose.as_bytes()).finalize();
        digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::payments::SECRET_SETTING;
    use foundation::signature::Secret;

    fn book(seed: u64, decline_share: f64) -> Book {
        let secret =
            Secret::of_setting(SECRET_SETTING, &SecretString::from("a secret of this test"))
                .unwrap();
        Book::new(Settings { decline_share, seed, ..Settings::friendly(secret) })
    }

    #[test]
    fn one_key_is_one_charge_and_another_order_under_it_is_refused() {
        let book = book(1, 0.0);
        let (first, is_new) = book.take("k", 1.into(), 100).unwrap();
        assert!(is_new);
        assert_eq!(book.take("k", 1.into(), 100).unwrap(), (first.clone(), false));
        assert_eq!(book.take("k", 2.into(), 100), None);
        assert_eq!(book.take("k", 1.into(), 101), None);
        assert_eq!(book.charges(), [first]);
    }

    #[test]
    fn about_the_asked_share_is_declined_and_the_same_ones_for_the_same_seed() {
        let declined = |seed| {
            let book = book(seed, 0.25);
            let keys = (0..1_000).map(|number| format!("order-{number}"));
            let declines = |key: &String| {
                book.take(key, 1.into(), 1).unwrap();
                book.decide(key).unwrap().decided == Some(Decided::Declined)
            };
            keys.filter(declines).collect::<Vec<_>>()
        };
        let first = declined(1);
        assert!((200..300).contains(&first.len()), "{}", first.len());
        assert_eq!(first, declined(1));
        assert_ne!(first, declined(2));
    }
}
