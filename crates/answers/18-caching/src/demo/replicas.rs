//! Two replicas of a server, each with its own process-wide state and its own way to Redis.

use std::time::Duration;

use error_handling::Problem;
use evidence::{Failure, RungKind, Stage};
use foundation::metrics::Metrics;
use foundation::redis::Redis;
use foundation::testing::TestRedis;

use super::store::{Post, Store};
use crate::tempting::{CacheAside, TimedMap};
use crate::{Cache, CacheSettings, Caches, SharedLevel};

/// How long a hot post is kept: short, as its end is waited for.
pub(super) const HOT: Duration = Duration::from_millis(400);
/// Longer than the demo lasts.
const LONG: Duration = Duration::from_secs(600);
/// The name of the key that everybody wants.
pub(super) const HOT_POST: i64 = 1;

/// One way to cache.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bare,
    Timed,
    SingleFlight,
    Aside,
    TwoLevels,
    SharedOnly,
}

pub(super) struct Variant {
    pub(super) id: &'static str,
    pub(super) rung: RungKind,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

pub(super) const VARIANTS: [Variant; 6] = [
    variant("none", RungKind::Wrong, "no cache", Kind::Bare),
    variant("ttl", RungKind::Wrong, "a map with a TTL in each process", Kind::Timed),
    variant("flight", RungKind::Tempting, "single-flight in each process", Kind::SingleFlight),
    variant("aside", RungKind::Tempting, "Redis: GET, SET, and DEL on write", Kind::Aside),
    variant("levels", RungKind::Right, "two levels, lease, invalidation", Kind::TwoLevels),
    variant("shared", RungKind::Costly, "the same without the level in process", Kind::SharedOnly),
];

const fn variant(id: &'static str, rung: RungKind, name: &'static str, kind: Kind) -> Variant {
    Variant { id, rung, name, kind }
}

/// What one replica reads a post through.
pub(super) enum Reader {
    Bare,
    Timed(TimedMap<Post>),
    Aside(CacheAside),
    Cached(Cache<Post>),
}

impl Reader {
    pub(super) async fn read(&self, store: &Store, id: i64) -> Result<Option<Post>, Problem> {
        let (key, load) = (id.to_string(), store.read(id));
        match self {
            Self::Bare => load.await,
            Self::Timed(map) => map.get_or_load(&key, load).await,
            Self::Aside(cache) => cache.get_or_load(&key, load).await,
            Self::Cached(cache) => cache.get_or_load(&key, load).await,
        }
    }

    /// Reads a post that is there.
    pub(super) async fn revision(&self, store: &Store, id: i64) -> Result<i64, Failure> {
        let post = self.read(store, id).await?;
        post.map(|post| post.revision).ok_or_else(|| format!("post {id} is not there").into())
    }

    /// What a replica does after a write of its own.
    pub(super) async fn wrote(&self, id: i64) {
        let key = id.to_string();
        match self {
            Self::Bare | Self::Timed(_) => {}
            Self::Aside(cache) => cache.invalidate(&key).await,
            Self::Cached(cache) => {
                cache.invalidate(&key).await;
            }
        }
    }
}

/// A replica: the posts that last, and the hot one that is about to expire.
pub(super) struct Replica {
    pub(super) hot: Reader,
    pub(super) posts: Reader,
}

/// The switch that leaves the right ways without their Redis.
pub(crate) const REDIS_GONE: &str = "redis-gone";

/// Both replicas of one variant.
pub(super) async fn pair(
    stage: &Stage,
    variant: &Variant,
    redis: &TestRedis,
) -> Result<[Replica; 2], Failure> {
    let right = matches!(variant.kind, Kind::TwoLevels | Kind::SharedOnly);
    let kind = if right && stage.switch(REDIS_GONE) { Kind::SingleFlight } else { variant.kind };
    let variant = &Variant { kind, ..*variant };
    Ok([replica(variant, redis).await?, replica(variant, redis).await?])
}

async fn replica(variant: &Variant, redis: &TestRedis) -> Result<Replica, Failure> {
    let bare = |hot, posts| Replica { hot, posts };
    Ok(match variant.kind {
        Kind::Bare => bare(Reader::Bare, Reader::Bare),
        Kind::Timed => bare(Reader::Timed(TimedMap::new(HOT)), Reader::Timed(TimedMap::new(LONG))),
        Kind::Aside => {
            let redis = connect(redis, variant.id, PATIENT).await?;
            let aside = |name, ttl| Reader::Aside(CacheAside::new(&redis, name, ttl));
            bare(aside("hot", HOT), aside("posts", LONG))
        }
        Kind::SingleFlight => cached(&Caches::open(None, PATIENT, &Metrics::new()?)?, 10_000),
        Kind::TwoLevels => cached(&caches(redis, variant.id, PATIENT).await?, 10_000),
        Kind::SharedOnly => cached(&caches(redis, variant.id, PATIENT).await?, 0),
    })
}

/// No call of a healthy Redis is given up on: what is counted must not depend on a busy machine.
pub(super) const PATIENT: Duration = Duration::from_secs(5);

fn cached(caches: &Caches, capacity: u64) -> Replica {
    let settings = |name, ttl| CacheSettings {
        capacity,
        ttl,
        alone_ttl: ttl,
        patience: PATIENT,
        ..CacheSettings::new(name)
    };
    let hot = Reader::Cached(caches.cache(settings("hot", HOT)));
    let posts = Reader::Cached(caches.cache(settings("posts", LONG)));
    Replica { hot, posts }
}

/// The way of one replica to Redis, with the keys of one variant.
async fn connect(redis: &TestRedis, prefix: &str, wait: Duration) -> Result<Redis, Failure> {
    let redis = Redis::open(&redis.url(), &format!("{prefix}:"), wait, &Metrics::new()?)?;
    redis.settled().await;
    Ok(redis)
}

/// Caches that hear of the writes of others.
pub(super) async fn caches(
    redis: &TestRedis,
    prefix: &str,
    wait: Duration,
) -> Result<Caches, Failure> {
    let redis = connect(redis, prefix, wait).await?;
    let caches = Caches::open(Some(&redis), wait, &Metrics::new()?)?;
    until_up(&caches).await?;
    Ok(caches)
}

/// Waits until these caches hear of the writes of others.
pub(super) async fn until_up(caches: &Caches) -> Result<(), Failure> {
    let up = async {
        while caches.shared_level() != SharedLevel::Up {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let up = tokio::time::timeout(Duration::from_secs(20), up).await;
    up.map_err(|_| "Redis did not come back within 20 seconds".into())
}
