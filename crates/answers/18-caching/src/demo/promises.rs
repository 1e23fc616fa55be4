//! The smaller promises: what is not there, what is slow, what goes together, and what must not end
//! together.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use evidence::{Failure, Quantity, Stage};
use foundation::metrics::Metrics;
use foundation::redis::{Redis, cmd, pipe};
use foundation::testing::TestRedis;
use futures_util::future::{join, join_all, try_join_all};

use super::replicas::{HOT_POST, PATIENT, Reader, caches};
use super::store::Store;
use crate::tempting::TimedMap;
use crate::{Cache, CacheSettings, Caches, Key};

/// Reads of a post that is not there.
const ASKED: u64 = 50;
/// Pages of each group.
const PAGES: u64 = 100;
/// Values that are stored at once.
const STORED: u64 = 500;

/// Keeps each promise once, on two replicas.
pub(super) async fn show(
    stage: &Stage,
    store: &Store,
    redis: &TestRedis,
    posts: u64,
) -> Result<(), Failure> {
    stage.step("What is not there, what goes together, and what must not end together");
    let one = caches(redis, "promises", PATIENT).await?;
    let other = caches(redis, "promises", PATIENT).await?;
    absence(stage, store, [&one, &other], posts).await?;
    patience(stage, store, [&one, &other]).await?;
    groups(stage, [&one, &other]).await?;
    jitter(stage, redis, &one).await
}

/// A post that is not there is asked for again and again, and then it is written.
async fn absence(
    stage: &Stage,
    store: &Store,
    both: [&Caches; 2],
    posts: u64,
) -> Result<(), Failure> {
    let missing = i64::try_from(posts)? + 1;
    let settings =
        CacheSettings { negative_ttl: Duration::from_secs(600), ..CacheSettings::new("absence") };
    let cached = both.map(|caches| Reader::Cached(caches.cache(settings)));
    let timed = [0, 1].map(|_| Reader::Timed(TimedMap::new(Duration::from_secs(600))));
    let mut loads = Vec::new();
    for readers in [&timed, &cached] {
        let before = store.statements();
        for n in 0..ASKED {
            readers[usize::from(n % 2 == 1)].read(store, missing).await?;
        }
        loads.push(store.statements() - before);
    }
    store.create(missing).await?;
    cached[0].wrote(missing).await;
    let mut found = 0;
    for reader in &cached {
        found += u64::from(reader.read(store, missing).await?.is_some());
    }
    stage.measure("absent-ttl", "loads of what is not there, map", Quantity::count(loads[0]));
    stage.measure("absent-levels", "the same, two levels", Quantity::count(loads[1]));
    stage.check(
        "absence-is-remembered",
        format!(
            "{ASKED} reads of a post that is not there load {} times where absence is kept, {} \
             where it is not; once the post is written, {found} of 2 replicas find it",
            loads[1], loads[0]
        ),
        loads == [ASKED, 1] && found == 2,
    );
    Ok(())
}

/// A load that outlasts the patience of those who wait for it, as long as nobody configures another.
async fn patience(stage: &Stage, store: &Store, both: [&Caches; 2]) -> Result<(), Failure> {
    let mut loads = Vec::new();
    for (name, patience) in [("as-shipped", CacheSettings::new("").patience), ("patient", PATIENT)]
    {
        let settings = CacheSettings { patience, ..CacheSettings::new(name) };
        let readers = both.map(|caches| Reader::Cached(caches.cache(settings)));
        let before = store.statements();
        store.close();
        let reads = readers.iter().map(|reader| reader.read(store, HOT_POST));
        let gate = async {
            if patience < PATIENT {
                store.holds(2).await;
            } else {
                store.holds_all(2).await;
            }
            store.reopen();
        };
        let (posts, ()) = join(join_all(reads), gate).await;
        posts.into_iter().collect::<Result<Vec<_>, _>>()?;
        loads.push(store.statements() - before);
    }
    let shipped = Quantity::duration(CacheSettings::new("").patience);
    let label = format!("loads of a post that takes longer than {shipped}, two replicas");
    stage.measure("patience-loads", label, Quantity::count(loads[0]));
    stage.check(
        "a-load-that-outlasts-patience-is-one-a-replica",
        format!(
            "another replica waits {shipped} for a load under way, unless told otherwise: of a \
             slower one there are {}, and {} where it waits longer",
            loads[0], loads[1]
        ),
        loads == [2, 1],
    );
    Ok(())
}

/// One group of pages is forgotten, the other is not.
async fn groups(stage: &Stage, both: [&Caches; 2]) -> Result<(), Failure> {
    let caches = both.map(|caches| caches.cache::<u64>(CacheSettings::new("groups")));
    let loads = AtomicU64::new(0);
    let page = async |cache: &Cache<u64>, user: &str, page: u64| {
        let key = Key::in_group(user, &page.to_string());
        cache.get_or_load(&key, async { Ok(Some(loads.fetch_add(1, Ordering::Relaxed))) }).await
    };
    let everything = async || -> Result<u64, Failure> {
        let before = loads.load(Ordering::Relaxed);
        for cache in &caches {
            for n in 0..PAGES {
                page(cache, "ada", n).await?;
                page(cache, "grace", n).await?;
            }
        }
        Ok(loads.load(Ordering::Relaxed) - before)
    };
    let cold = everything().await?;
    let warm = everything().await?;
    caches[0].invalidate_group("ada").await;
    let after = everything().await?;
    stage.check(
        "a-group-goes-at-once",
        format!(
            "two replicas read {PAGES} pages of two users: {cold} loads, then {warm}; after one \
             user's group was forgotten, in one call, {after}"
        ),
        (cold, warm, after) == (2 * PAGES, 0, PAGES),
    );
    Ok(())
}

/// Values stored at once, with and without jitter: how many end in the same second?
async fn jitter(stage: &Stage, redis: &TestRedis, caches: &Caches) -> Result<(), Failure> {
    let redis = Redis::open(&redis.url(), "promises:", PATIENT, &Metrics::new()?)?;
    redis.settled().await;
    let mut most = Vec::new();
    for (name, jitter) in [("exact", 0.0), ("jittered", 0.1)] {
        let ttl = Duration::from_secs(600);
        let cache = caches.cache(CacheSettings { jitter, ttl, ..CacheSettings::new(name) });
        let names: Vec<String> = (0..STORED).map(|n| n.to_string()).collect();
        let stores = names.iter().map(|name| cache.get_or_load(name, async { Ok(Some(0_u8)) }));
        join_all(stores).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        most.push(most_in_a_second(&redis, name).await?);
    }
    stage.measure("ends-exact", "values that end in the same second", Quantity::count(most[0]));
    stage.measure("ends-jittered", "the same, with jitter", Quantity::count(most[1]));
    stage.check(
        "jitter-spreads-the-end",
        format!(
            "of {STORED} values that were stored at once {} end in the same second, with jitter {}",
            most[0], most[1]
        ),
        most[1] * 4 < most[0],
    );
    Ok(())
}

/// Asks Redis when each value of a cache ends.
async fn most_in_a_second(redis: &Redis, cache: &str) -> Result<u64, Failure> {
    let mut keys = cmd("KEYS");
    keys.arg(redis.key_in("cache", &format!("cache:{cache}:*")));
    let keys: Vec<String> = redis.query(&keys).await?;
    let ends = keys.chunks(100).map(async |keys| {
        let mut ends = pipe();
        for key in keys {
            ends.cmd("PTTL").arg(key);
        }
        redis.pipeline::<Vec<u64>>(&ends).await
    });
    let mut seconds = HashMap::new();
    for end in try_join_all(ends).await?.into_iter().flatten() {
        *seconds.entry(end / 1_000).or_insert(0) += 1;
    }
    Ok(seconds.values().copied().max().unwrap_or(0))
}
