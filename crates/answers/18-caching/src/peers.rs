//! The other replicas: telling them of writes, hearing of theirs, and knowing when neither works.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use foundation::redis::{Redis, RedisGone, Script, cmd};
use serde::{Deserialize, Serialize};

use crate::confirmations::Confirmations;
use crate::scripts::{BEAT_SCRIPT, FORGET_ALL_SCRIPT};
use crate::writes::Writes;

/// Scripts take the epoch together with a group and an entry, and publish where they run.
pub(crate) const FAMILY: &str = "cache";

/// How far the word of a write went before `invalidate` returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every replica that listens has confirmed: no read that begins there now sees the old value.
    /// One that has lost its connection serves nothing older than
    /// [`crate::CacheSettings::alone_ttl`].
    Everywhere,
    /// Redis has forgotten the value, but a replica did not confirm in time. It may serve what it
    /// has in process until it hears, or notices that it no longer does.
    Unconfirmed,
    /// There is no Redis, or it did not answer: other replicas may serve what they have in process
    /// for up to [`crate::CacheSettings::alone_ttl`].
    HereOnly,
}

/// A write, as replicas tell each other.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    from: u64,
    number: u64,
    pub(crate) what: Written,
}

/// What was written.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Written {
    /// A value: cache, text of the key.
    Key(String, String),
    /// What makes a group stale: cache, group.
    Group(String, String),
    /// Nobody knows.
    Anything,
}

/// This replica among the others that use the same Redis.
#[derive(Debug)]
pub(crate) struct Peers {
    redis: Redis,
    /// The longest that a request waits for Redis and the others together.
    wait: Duration,
    /// This replica's own number.
    me: u64,
    /// The writes of each cache here. A mutex: locked when a cache is made and when a word comes in.
    caches: Mutex<BTreeMap<&'static str, Arc<Writes>>>,
    confirmations: Confirmations,
    /// Writes that Redis could not be told of, and interruptions in which others may have had some.
    debts: AtomicU64,
    /// How many of them have been made good by a new epoch.
    settled: AtomicU64,
    /// Whether words of others arrive.
    is_subscribed: AtomicBool,
    /// Whether their confirmations do.
    is_confirmed: AtomicBool,
    /// Whether Redis answered the last beat.
    is_answered: AtomicBool,
}

impl Peers {
    /// How long an epoch outlives the last beat of all replicas.
    pub(crate) const EPOCH: Duration = Duration::from_secs(2);

    pub(crate) fn new(redis: Redis, wait: Duration) -> Self {
        Self {
            redis,
            wait,
            me: rand::random(),
            caches: Mutex::default(),
            confirmations: Confirmations::default(),
            debts: AtomicU64::new(0),
            settled: AtomicU64::new(0),
            is_subscribed: AtomicBool::new(false),
            is_confirmed: AtomicBool::new(false),
            is_answered: AtomicBool::new(false),
        }
    }

    pub(crate) fn redis(&self) -> &Redis {
        &self.redis
    }

    /// The writes of the cache of this name.
    pub(crate) fn writes_of(&self, cache: &'static str) -> Arc<Writes> {
        let mut caches = self.caches.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(caches.entry(cache).or_default())
    }

    /// Whether this replica would hear of a write on another one.
    pub(crate) fn hears(&self) -> bool {
        self.is_subscribed.load(Ordering::SeqCst) && self.is_answered.load(Ordering::SeqCst)
    }

    /// Whether it also tells of its own, and trusts what Redis holds.
    pub(crate) fn is_whole(&self) -> bool {
        self.hears() && self.is_confirmed.load(Ordering::SeqCst) && !self.is_in_debt()
    }

    /// Whether Redis may hold values from before a write that it was not told of.
    pub(crate) fn is_in_debt(&self) -> bool {
        self.debts.load(Ordering::SeqCst) != self.settled.load(Ordering::SeqCst)
    }

    pub(crate) fn epoch_key(&self) -> String {
        self.redis.key_in(FAMILY, "cache-epoch")
    }

    /// Where writes are told.
    pub(crate) fn channel(&self) -> String {
        self.redis.key_in(FAMILY, "cache-writes")
    }

    /// Where the replica of this number is told that others have heard.
    fn confirmations_of(&self, replica: u64) -> String {
        self.redis.key_in(FAMILY, &format!("cache-confirmations:{replica}"))
    }

    pub(crate) fn my_confirmations(&self) -> String {
        self.confirmations_of(self.me)
    }

    /// Runs a script that takes channel and message first, and waits until all have heard.
    pub(crate) async fn tell(
        &self,
        what: Written,
        script: &Script,
        keys: &[String],
        further: Vec<String>,
    ) -> Reach {
        let began = Instant::now();
        let mut expected = self.confirmations.expect();
        let mut arguments = self.message(expected.number(), what);
        arguments.extend(further);
        let Ok(replicas) = self.redis.invoke::<u64>(script, keys, &arguments).await else {
            self.owe();
            return Reach::HereOnly;
        };
        let left = self.wait.saturating_sub(began.elapsed());
        match tokio::time::timeout(left, expected.from(replicas)).await {
            Ok(()) => Reach::Everywhere,
            Err(_) => Reach::Unconfirmed,
        }
    }

    /// Channel and message.
    fn message(&self, number: u64, what: Written) -> Vec<String> {
        let told = Told { from: self.me, number, what };
        // Cannot fail: the message holds numbers and text alone.
        vec![self.channel(), serde_json::to_string(&told).unwrap_or_default()]
    }

    /// From now on nothing in Redis is trusted until a new epoch has begun.
    fn owe(&self) {
        self.debts.fetch_add(1, Ordering::SeqCst);
    }

    /// Keeps the epoch alive; begins a new one where that is owed.
    pub(crate) async fn beat(&self) -> Result<(), RedisGone> {
        let (nonce, life) = (nonce(), milliseconds(Self::EPOCH));
        // Read before: what comes to be owed meanwhile is not settled by this epoch.
        let debts = self.debts.load(Ordering::SeqCst);
        let epoch = [self.epoch_key()];
        if debts == self.settled.load(Ordering::SeqCst) {
            return self.redis.invoke(&BEAT_SCRIPT, &epoch, &[nonce, life]).await;
        }
        let mut arguments = self.message(u64::MAX, Written::Anything);
        arguments.extend([nonce, life]);
        self.redis.invoke::<()>(&FORGET_ALL_SCRIPT, &epoch, &arguments).await?;
        self.forget_everything_here();
        self.settled.store(debts, Ordering::SeqCst);
        Ok(())
    }

    /// Redis answered a beat.
    pub(crate) fn answered(&self) {
        if !self.is_answered.load(Ordering::SeqCst) {
            self.forget_everything_here();
            self.is_answered.store(true, Ordering::SeqCst);
        }
    }

    /// Redis did not answer a beat: others may be writing, and not be able to tell.
    pub(crate) fn unanswered(&self) {
        if self.is_answered.swap(false, Ordering::SeqCst) {
            self.owe();
        }
    }

    /// The subscription is up; words may have been missed before.
    pub(crate) fn subscribed(&self) {
        self.forget_everything_here();
        self.is_subscribed.store(true, Ordering::SeqCst);
    }

    /// The subscription is down.
    pub(crate) fn unsubscribed(&self) {
        if self.is_subscribed.swap(false, Ordering::SeqCst) {
            self.owe();
        }
    }

    /// Confirmations of others arrive, or no longer do.
    pub(crate) fn hears_confirmations(&self, hears: bool) {
        self.is_confirmed.store(hears, Ordering::SeqCst);
    }

    /// A word came in: forget first, then confirm.
    pub(crate) async fn heard(&self, message: &str) {
        let Ok(told) = serde_json::from_str::<Told>(message) else {
            tracing::warn!("a message about a cached value could not be read");
            return self.forget_everything_here();
        };
        // Its own as well: the request that told it may have been cut off since.
        self.forget(&told.what);
        if told.from == self.me {
            return self.confirmations.arrived(told.number);
        }
        let mut confirm = cmd("PUBLISH");
        confirm.arg(self.confirmations_of(told.from)).arg(told.number);
        // Without it the writer waits its time and reports that the word is unconfirmed.
        let _ = self.redis.query::<u64>(&confirm).await;
    }

    /// Another replica has heard what this one told.
    pub(crate) fn confirmed(&self, message: &str) {
        if let Ok(number) = message.parse() {
            self.confirmations.arrived(number);
        }
    }

    fn forget(&self, what: &Written) {
        let caches = self.caches.lock().unwrap_or_else(PoisonError::into_inner);
        match what {
            Written::Key(cache, key) => {
                caches.get(cache.as_str()).into_iter().for_each(|writes| writes.wrote_key(key));
            }
            Written::Group(cache, group) => {
                caches.get(cache.as_str()).into_iter().for_each(|writes| writes.wrote_group(group));
            }
            Written::Anything => caches.values().for_each(|writes| writes.wrote_everything()),
        }
    }

    fn forget_everything_here(&self) {
        self.forget(&Written::Anything);
    }
}

/// A number that has not been there before.
pub(crate) fn nonce() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// A time in whole milliseconds, at least one, as Redis takes it.
pub(crate) fn milliseconds(time: Duration) -> String {
    time.as_millis().max(1).to_string()
}
