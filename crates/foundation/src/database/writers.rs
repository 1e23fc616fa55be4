//! Who has written what a replica may not have replayed yet.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::replica::{Position, Reader};
use crate::redis::{Redis, Script, cmd};

/// Users remembered in process at the most; beyond, everybody waits for the last write.
const MOST: usize = 10_000;

/// Keeps the greater position: two writes of one user may be told in the other order. A position
/// that is not known is greater than any. KEYS: writer. ARGV: position, milliseconds.
static WROTE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local known = tonumber(redis.call('GET', KEYS[1]) or '0')
         if tonumber(ARGV[1]) >= known then
             redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
         end",
    )
});

/// The last write of each user, for as long as a replica may be behind.
pub(super) struct Writers {
    redis: Option<Redis>,
    memory: Duration,
    here: Mutex<Here>,
}

struct Here {
    writers: HashMap<Reader, (Position, Instant)>,
    /// What everybody has to wait for since there were too many to tell apart.
    everybody: (Position, Instant),
    /// When Redis last could not be told or asked: others may have written unheard.
    deaf: Option<Instant>,
}

impl Writers {
    pub(super) fn new(redis: Option<Redis>, memory: Duration) -> Self {
        let here = Here { writers: HashMap::new(), everybody: (0, Instant::now()), deaf: None };
        // A moment longer than the replica may be behind: its reads have begun before they end.
        Self { redis, memory: memory + Duration::from_secs(1), here: Mutex::new(here) }
    }

    /// Remembers a write, here first: it holds even if Redis cannot be told.
    pub(super) async fn wrote(&self, reader: Reader, position: Position) {
        self.locked(|here| here.remember(reader, position, self.memory));
        let Some(redis) = &self.redis else { return };
        let arguments = [position.to_string(), self.memory.as_millis().to_string()];
        if redis.invoke::<()>(&WROTE, &[key(redis, reader)], &arguments).await.is_err() {
            self.locked(|here| here.deaf = Some(Instant::now()));
        }
    }

    /// The position that this user has to find replayed; nothing where that is not known.
    pub(super) async fn needs(&self, reader: Reader) -> Option<Position> {
        let here = self.locked(|here| here.needs(reader, self.memory));
        let Some(redis) = &self.redis else { return Some(here) };
        let get = cmd("GET").arg(key(redis, reader)).to_owned();
        let Ok(told) = redis.query::<Option<u64>>(&get).await else {
            self.locked(|here| here.deaf = Some(Instant::now()));
            return None;
        };
        let deaf = self.locked(|here| here.deaf.is_some_and(|at| at.elapsed() < self.memory));
        (!deaf).then(|| here.max(told.unwrap_or(0)))
    }

    fn locked<T>(&self, change: impl FnOnce(&mut Here) -> T) -> T {
        change(&mut self.here.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Here {
    fn remember(&mut self, reader: Reader, position: Position, memory: Duration) {
        let now = Instant::now();
        if self.writers.len() >= MOST {
            self.writers.retain(|_, (_, at)| at.elapsed() < memory);
        }
        if self.writers.len() >= MOST {
            self.everybody = (self.everybody.0.max(position), now);
            return;
        }
        let known = self.writers.entry(reader).or_insert((position, now));
        *known = (known.0.max(position), now);
    }

    fn needs(&self, reader: Reader, memory: Duration) -> Position {
        let fresh = |(position, at): (Position, Instant)| {
            if at.elapsed() < memory { position } else { 0 }
        };
        let own = self.writers.get(&reader).copied().map_or(0, fresh);
        own.max(fresh(self.everybody))
    }
}

fn key(redis: &Redis, reader: Reader) -> String {
    redis.key(&format!("wrote:{}", reader.0))
}
