//! The level in Redis: one value for all replicas, and one load for all of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use foundation::redis::{FromRedisValue, RedisGone, Script, cmd};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;

use crate::counts::Counters;
use crate::key::Key;
use crate::peers::{FAMILY, Peers, Reach, Written, milliseconds, nonce};
use crate::pulse::Pulse;
use crate::scripts::{FILL_SCRIPT, FORGET_ALL_SCRIPT, FORGET_SCRIPT, LOOK_SCRIPT, RELEASE_SCRIPT};
use crate::settings::CacheSettings;

/// Time between two looks while another replica loads: short at first, as most loads are.
const PAUSES: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_millis(16);

/// The values of one cache in Redis.
#[derive(Debug)]
pub(crate) struct Shared {
    peers: Arc<Peers>,
    /// Kept as long as any cache is: one that does not hear of writes would serve old values.
    pulse: Arc<Pulse>,
    settings: CacheSettings,
    counters: Counters,
}

/// What a look found.
pub(crate) enum Look<V> {
    /// The value, or that there is none, and how long this stays there.
    Hit(Option<V>, Duration),
    /// Nothing: load it, and fill with this lease.
    Lease(Lease),
    /// Redis cannot be asked, or another replica takes its time: load it, and keep it here alone.
    Away,
}

/// The right to fill one entry; void as soon as it is written.
pub(crate) struct Lease {
    entry: String,
    generation: String,
    nonce: String,
    /// Where it is given back when dropped unused, because the load failed or its reader hung up:
    /// others need not wait for what will not come.
    unused: Option<(Arc<Peers>, Handle)>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some((peers, runtime)) = self.unused.take() {
            let entry = [std::mem::take(&mut self.entry)];
            let held = [format!("l{} {}", self.generation, self.nonce)];
            runtime.spawn(async move {
                // Where this fails, the lease ends by itself.
                let _ = peers.redis().invoke::<()>(&RELEASE_SCRIPT, &entry, &held).await;
            });
        }
    }
}

enum Answer {
    Hit(String, Duration),
    Lease(Lease),
    Busy,
}

impl Shared {
    pub(crate) fn new(
        peers: Arc<Peers>,
        pulse: Arc<Pulse>,
        settings: CacheSettings,
        counters: Counters,
    ) -> Self {
        Self { peers, pulse, settings, counters }
    }

    pub(crate) fn peers(&self) -> &Peers {
        &self.peers
    }

    /// Looks for a value; waits a little while another replica is loading it.
    pub(crate) async fn look<V: DeserializeOwned>(&self, key: &Key) -> Look<V> {
        let counters = &self.counters.shared;
        let began = Instant::now();
        let mut pause = *PAUSES.start();
        loop {
            match self.ask(key).await {
                Some(Answer::Hit(json, left)) => {
                    let Ok(value) = serde_json::from_str(&json) else {
                        return self.drop_odd(key).await;
                    };
                    counters.hits.inc();
                    counters.stampede_avoided.inc_by(u64::from(pause > *PAUSES.start()));
                    return Look::Hit(value, left);
                }
                Some(Answer::Busy) if began.elapsed() < self.settings.patience => {
                    tokio::time::sleep(pause).await;
                    pause = (2 * pause).min(*PAUSES.end());
                }
                Some(Answer::Lease(lease)) => {
                    counters.misses.inc();
                    return Look::Lease(lease);
                }
                Some(Answer::Busy) | None => {
                    counters.misses.inc();
                    return Look::Away;
                }
            }
        }
    }

    /// None when Redis does not answer, or may hold what is too old.
    async fn ask(&self, key: &Key) -> Option<Answer> {
        if self.peers.is_in_debt() {
            return None;
        }
        let nonce = nonce();
        let mut arguments = self.remembered(nonce.clone());
        arguments.push(milliseconds(self.settings.lease));
        let answer: Vec<String> =
            self.call(&LOOK_SCRIPT, &self.keys(key), &arguments).await.ok()?;
        let mut words = answer.into_iter();
        match (words.next()?.as_str(), words.next(), words.next()) {
            ("hit", Some(json), Some(left)) => {
                Some(Answer::Hit(json, Duration::from_millis(left.parse().unwrap_or(0))))
            }
            ("lease", Some(generation), _) => {
                let unused = Some((Arc::clone(&self.peers), self.pulse.runtime()));
                let entry = self.entry(key);
                Some(Answer::Lease(Lease { entry, generation, nonce, unused }))
            }
            ("busy", ..) => Some(Answer::Busy),
            _ => None,
        }
    }

    /// What cannot be read was stored by another version of the program.
    async fn drop_odd<V>(&self, key: &Key) -> Look<V> {
        let mut delete = cmd("DEL");
        delete.arg(self.entry(key));
        let _ = self.peers.redis().query::<u64>(&delete).await;
        self.counters.shared.misses.inc();
        Look::Away
    }

    /// Keeps what was loaded, unless it was written since the lease was given. Tells whether.
    pub(crate) async fn fill<V: Serialize>(
        &self,
        key: &Key,
        mut lease: Lease,
        value: &Option<V>,
        lifetime: Duration,
    ) -> bool {
        let Ok(json) = serde_json::to_string(value) else {
            tracing::error!(cache = self.settings.name, "a value cannot be written as JSON");
            return true;
        };
        lease.unused = None;
        let mut arguments = self.remembered(nonce());
        let (generation, held) = (lease.generation.clone(), lease.nonce.clone());
        arguments.extend([generation, held, json, milliseconds(lifetime)]);
        let filled = self.call::<u64>(&FILL_SCRIPT, &self.keys(key), &arguments).await;
        // Where Redis does not answer nothing was refused; what stays in process is guarded there.
        filled != Ok(0)
    }

    async fn call<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &[String],
    ) -> Result<T, RedisGone> {
        self.counters.round_trips.inc();
        self.peers.redis().invoke(script, keys, arguments).await
    }

    /// Forgets one value here and on every replica.
    pub(crate) async fn forget(&self, key: &Key) -> Reach {
        let what = Written::Key(self.settings.name.to_owned(), key.text().to_owned());
        self.peers.tell(what, &FORGET_SCRIPT, &[self.entry(key)], Vec::new()).await
    }

    /// Forgets all values of a group by giving it another number.
    pub(crate) async fn forget_group(&self, group: &str) -> Reach {
        let what = Written::Group(self.settings.name.to_owned(), group.to_owned());
        let further = vec![nonce(), milliseconds(self.settings.group_memory())];
        self.peers.tell(what, &FORGET_ALL_SCRIPT, &[self.group(group)], further).await
    }

    fn entry(&self, key: &Key) -> String {
        self.key(&format!("cache:{}:{}", self.settings.name, key.text()))
    }

    fn group(&self, group: &str) -> String {
        self.key(&format!("cache-group:{}:{group}", self.settings.name))
    }

    fn key(&self, name: &str) -> String {
        self.peers.redis().key_in(FAMILY, name)
    }

    fn keys(&self, key: &Key) -> [String; 3] {
        [self.peers.epoch_key(), self.group(key.group()), self.entry(key)]
    }

    fn remembered(&self, nonce: String) -> Vec<String> {
        vec![nonce, milliseconds(Peers::EPOCH), milliseconds(self.settings.group_memory())]
    }
}
