//! A limit that servers keep together, in Redis.

use std::fmt::Display;
use std::num::NonZeroU32;
use std::sync::LazyLock;
use std::time::Duration;

use super::Allowance;
use crate::redis::{Redis, RedisGone, Script};

/// GCRA as governor has it. A script, as nothing may come between reading and writing; with the
/// time of Redis, as the clocks of servers differ. The value is the time in microseconds at which
/// the burst is whole again, and the key is forgotten then.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
        local whole = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + interval
        local early = whole - burst * interval - now
        if early > 0 then
            return {0, 0, early}
        end
        redis.call('SET', KEYS[1], string.format('%.0f', whole),
            'PX', math.ceil((whole - now) / 1000))
        return {1, math.floor(-early / interval), 0}
        ",
    )
});

static GIVE_BACK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local whole = redis.call('GET', KEYS[1])
        if whole then
            redis.call('SET', KEYS[1], string.format('%.0f', whole - ARGV[1]), 'KEEPTTL')
        end
        ",
    )
});

pub(super) struct Shared {
    redis: Redis,
    policy: &'static str,
    limit: NonZeroU32,
    interval: Duration,
}

impl Shared {
    pub(super) fn new(
        redis: Redis,
        policy: &'static str,
        limit: NonZeroU32,
        interval: Duration,
    ) -> Self {
        Self { redis, policy, limit, interval }
    }

    pub(super) async fn take(&self, key: &impl Display) -> Result<Allowance, RedisGone> {
        let arguments = [micros(self.interval), self.limit.to_string()];
        let (granted, remaining, wait): (bool, u32, u64) =
            self.redis.invoke(&TAKE, &self.keys(key), &arguments).await?;
        Ok(Allowance { remaining, retry_after: Duration::from_micros(wait), granted })
    }

    pub(super) async fn give_back(
        &self,
        key: &impl Display,
        time: Duration,
    ) -> Result<(), RedisGone> {
        self.redis.invoke(&GIVE_BACK, &self.keys(key), &[micros(time)]).await
    }

    fn keys(&self, key: &impl Display) -> [String; 1] {
        [self.redis.key(&format!("limit:{}:{key}", self.policy))]
    }
}

fn micros(time: Duration) -> String {
    time.as_micros().to_string()
}
