//! Two replicas read and write while something is done to their Redis.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use evidence::statistics::{Latencies, latencies, record};
use evidence::{Failure, RungKind};
use foundation::metrics::Metrics;
use foundation::redis::Redis;
use foundation::testing::TestRedis;
use futures_util::future::{join_all, join3};

use super::faults::Fault;
use super::replicas::{Reader, caches, until_up};
use super::store::Store;
use crate::tempting::CacheAside;
use crate::{CacheSettings, Caches};

/// What a request waits for Redis at most, as on a server that nobody configured.
pub(super) const WAIT: Duration = Duration::from_millis(50);
/// Posts of each run. Those of the first half are edited until all is well again, those of the
/// second only during the trouble.
pub(super) const POSTS: i64 = 20;
/// Readers of each replica.
const READERS: usize = 2;

/// What the readers of one run saw.
pub(super) struct Seen {
    pub(super) reads: u64,
    pub(super) failed: u64,
    pub(super) times: Latencies,
    pub(super) stale: u64,
    /// The oldest value that was served, counted from when it was replaced.
    pub(super) oldest: Duration,
    pub(super) stale_after: u64,
}

/// What tells that a replica is whole again.
enum Way {
    Caches(Caches),
    Plain(Redis),
}

/// What was written when, to judge reads by.
#[derive(Default)]
struct History(RefCell<Vec<Vec<(Instant, i64)>>>);

impl History {
    fn wrote(&self, post: usize, revision: i64) {
        self.0.borrow_mut()[post].push((Instant::now(), revision));
    }

    /// How long before `asked` the first newer revision had been told to all.
    fn age(&self, post: usize, revision: i64, asked: Instant) -> Duration {
        let history = self.0.borrow();
        let newer = history[post].iter().find(|(_, newer)| *newer > revision);
        newer.map_or(Duration::ZERO, |(told, _)| asked.saturating_duration_since(*told))
    }

    fn newest(&self, post: usize) -> i64 {
        self.0.borrow()[post].last().map_or(1, |(_, revision)| *revision)
    }
}

/// Puts both replicas through the fault, and then reads each post once more.
pub(super) async fn suffer(store: &Store, fault: &Fault, down: Duration) -> Result<Seen, Failure> {
    let redis = tokio::task::spawn_blocking(TestRedis::try_start).await??;
    let (readers, ways) = readers(fault, &redis).await?;
    let history = History::default();
    history.0.borrow_mut().resize(usize::try_from(POSTS)?, Vec::new());
    for reader in &readers {
        for n in 0..POSTS {
            reader.revision(store, fault.first_post + n).await?;
        }
    }
    let (in_trouble, stop) = (Cell::new(true), Cell::new(false));
    let trouble = async {
        let outcome = inflict(fault, redis, down, &in_trouble, &ways).await;
        stop.set(true);
        outcome
    };
    let seen = RefCell::new(Seen {
        reads: 0,
        failed: 0,
        times: latencies(),
        stale: 0,
        oldest: Duration::ZERO,
        stale_after: 0,
    });
    let all = readers.iter().flat_map(|reader| std::iter::repeat_n(reader, READERS));
    let all = all.map(|reader| read(store, reader, fault.first_post, &history, &stop, &seen));
    let writer = write(store, &readers, fault.first_post, &history, [&in_trouble, &stop]);
    let (redis, wrote, _) = join3(trouble, writer, join_all(all)).await;
    wrote?;
    let mut seen = seen.into_inner();
    seen.stale_after = stale(store, &readers, fault.first_post, &history).await?;
    drop(redis?);
    Ok(seen)
}

/// Breaks Redis and waits until it is of use again. It goes on a thread of its own, as starting a
/// server takes time that the readers must not lose.
async fn inflict(
    fault: &Fault,
    redis: TestRedis,
    down: Duration,
    in_trouble: &Cell<bool>,
    ways: &[Way],
) -> Result<TestRedis, Failure> {
    let inflict = fault.inflict;
    let redis = tokio::task::spawn_blocking(move || inflict(redis, down)).await;
    in_trouble.set(false);
    for way in ways {
        match way {
            Way::Caches(caches) => until_up(caches).await?,
            Way::Plain(redis) => {
                while !redis.is_up() {
                    tokio::time::sleep(WAIT).await;
                }
            }
        }
    }
    // A few rounds more, of replicas that are whole again.
    tokio::time::sleep(2 * WAIT).await;
    Ok(redis?)
}

async fn readers(fault: &Fault, redis: &TestRedis) -> Result<(Vec<Reader>, Vec<Way>), Failure> {
    let ttl = Duration::from_secs(600);
    let (mut readers, mut ways) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        if fault.rung == RungKind::Tempting {
            let redis = Redis::open(&redis.url(), fault.id, WAIT, &Metrics::new()?)?;
            redis.settled().await;
            readers.push(Reader::Aside(CacheAside::new(&redis, "posts", ttl)));
            ways.push(Way::Plain(redis));
        } else {
            let caches = caches(redis, fault.id, WAIT).await?;
            let settings = CacheSettings { ttl, ..CacheSettings::new("posts") };
            readers.push(Reader::Cached(caches.cache(settings)));
            ways.push(Way::Caches(caches));
        }
    }
    Ok((readers, ways))
}

/// Reads one post after the other until told to stop.
async fn read(
    store: &Store,
    reader: &Reader,
    first_post: i64,
    history: &History,
    stop: &Cell<bool>,
    seen: &RefCell<Seen>,
) {
    for (post, n) in (0..POSTS).enumerate().cycle() {
        if stop.get() {
            return;
        }
        let asked = Instant::now();
        let revision = reader.revision(store, first_post + n).await;
        let took = asked.elapsed();
        {
            let mut seen = seen.borrow_mut();
            seen.reads += 1;
            record(&mut seen.times, took);
            match revision {
                Ok(revision) => {
                    let age = history.age(post, revision, asked);
                    seen.stale += u64::from(age > Duration::ZERO);
                    seen.oldest = seen.oldest.max(age);
                }
                Err(_) => seen.failed += 1,
            }
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Edits one post after the other, through either replica.
async fn write(
    store: &Store,
    readers: &[Reader],
    first_post: i64,
    history: &History,
    [in_trouble, stop]: [&Cell<bool>; 2],
) -> Result<(), Failure> {
    for (post, n) in (0..POSTS).enumerate().cycle() {
        if stop.get() {
            break;
        }
        if n < POSTS / 2 || in_trouble.get() {
            let id = first_post + n;
            let revision = store.edit(id).await?;
            readers[usize::from(n % 4 > 1)].wrote(id).await;
            history.wrote(post, revision);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// How many posts are stale, on either replica.
async fn stale(
    store: &Store,
    readers: &[Reader],
    first_post: i64,
    history: &History,
) -> Result<u64, Failure> {
    let mut stale = 0;
    for reader in readers {
        for (post, n) in (0..POSTS).enumerate() {
            let revision = reader.revision(store, first_post + n).await?;
            stale += u64::from(revision < history.newest(post));
        }
    }
    Ok(stale)
}
