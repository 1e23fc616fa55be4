//! What this process knows of writes: the token that tells an old value from a new one.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::key::Key;

/// How many counters all keys share, and all groups. Two keys on one counter cost each other a miss
/// in process per write and are never wrong; a counter for each key would grow without bound.
const STRIPES: usize = 4_096;

/// Counts writes, of keys, groups and everything.
///
/// Atomics instead of a lock: each read looks here, and a write is one addition.
#[derive(Debug)]
pub(crate) struct Writes {
    everything: AtomicU64,
    groups: Box<[AtomicU64]>,
    keys: Box<[AtomicU64]>,
    hasher: RandomState,
}

/// The writes that had happened at one moment.
///
/// Taken before a load begins and kept with its result, which counts for nothing once the token of
/// its key is another: also when the load was the slower one and stores last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Token {
    everything: u64,
    group: u64,
    key: u64,
}

impl Default for Writes {
    fn default() -> Self {
        let zeros = || (0..STRIPES).map(|_| AtomicU64::new(0)).collect();
        Self {
            everything: AtomicU64::new(0),
            groups: zeros(),
            keys: zeros(),
            hasher: RandomState::new(),
        }
    }
}

impl Writes {
    /// The token of this key now.
    pub(crate) fn token(&self, key: &Key) -> Token {
        Token {
            everything: self.everything.load(Ordering::SeqCst),
            group: self.group(key.group()).load(Ordering::SeqCst),
            key: self.key(key.text()).load(Ordering::SeqCst),
        }
    }

    /// A value was written. `key` is the text of the key.
    pub(crate) fn wrote_key(&self, key: &str) {
        self.key(key).fetch_add(1, Ordering::SeqCst);
    }

    /// Something was written that makes a whole group stale.
    pub(crate) fn wrote_group(&self, group: &str) {
        self.group(group).fetch_add(1, Ordering::SeqCst);
    }

    /// Anything may have been written.
    pub(crate) fn wrote_everything(&self) {
        self.everything.fetch_add(1, Ordering::SeqCst);
    }

    fn key(&self, text: &str) -> &AtomicU64 {
        &self.keys[self.stripe(text)]
    }

    fn group(&self, group: &str) -> &AtomicU64 {
        &self.groups[self.stripe(group)]
    }

    #[allow(clippy::cast_possible_truncation)] // The remainder is below 4096.
    fn stripe(&self, text: &str) -> usize {
        (self.hasher.hash_one(text) % STRIPES as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_changes_the_tokens_of_what_it_made_stale() {
        let writes = Writes::default();
        let (mine, other) = (Key::in_group("ada", "list"), Key::in_group("ada", "count"));
        let before = (writes.token(&mine), writes.token(&other));
        assert_eq!(before.0, writes.token(&mine), "reading changes nothing");

        writes.wrote_key(mine.text());
        assert_ne!(before.0, writes.token(&mine));

        let before = (writes.token(&mine), writes.token(&other));
        writes.wrote_group("ada");
        assert_ne!(before.0, writes.token(&mine));
        assert_ne!(before.1, writes.token(&other));

        let before = writes.token(&Key::new("anything"));
        writes.wrote_everything();
        assert_ne!(before, writes.token(&Key::new("anything")));
    }

    #[test]
    fn writes_of_some_keys_leave_nearly_all_others_alone() {
        let writes = Writes::default();
        let keys: Vec<Key> = (0..1_000).map(|n| Key::new(&format!("key {n}"))).collect();
        let before: Vec<Token> = keys.iter().map(|key| writes.token(key)).collect();
        keys[..10].iter().for_each(|key| writes.wrote_key(key.text()));
        let changed =
            keys[10..].iter().zip(&before[10..]).filter(|(key, old)| writes.token(key) != **old);
        assert!(changed.count() < 50, "ten of 4096 counters were moved");
    }
}
