//! The load that every rung is put under.

use std::cell::Cell;
use std::time::{Duration, Instant};

use evidence::{Failure, Stage};
use futures_util::future::{join, join_all};

use super::ratio::Zipf;
use super::replicas::{HOT_POST, Replica};
use super::store::Store;

/// Readers who want the hot post at the moment when it has expired.
pub(super) const READERS: u64 = 100;
/// Posts that are edited after one replica has read them.
pub(super) const EDITS: i64 = 20;
/// Posts that are edited while a load of them is under way.
pub(super) const LATE: i64 = 10;
/// Readers of the long run that are under way at once.
const AT_ONCE: usize = 16;

/// What one variant did.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) at_expiry: u64,
    pub(super) stale: u64,
    pub(super) disagree: u64,
    pub(super) kept: u64,
    pub(super) loads: u64,
    pub(super) took: Duration,
}

/// Expiry, edits, edits under a slow load, and reads by popularity.
pub(super) async fn run(
    stage: &Stage,
    store: &Store,
    replicas: &[Replica; 2],
    posts: u64,
    reads: u64,
) -> Result<Seen, Failure> {
    let mut seen = Seen { at_expiry: expire(store, replicas).await?, ..Seen::default() };
    for n in 0..EDITS {
        edit_after_read(store, replicas, n, &mut seen).await?;
    }
    for n in 0..LATE {
        edit_under_load(store, replicas, n, &mut seen).await?;
    }
    let before = store.statements();
    let began = Instant::now();
    read_by_popularity(stage, store, replicas, posts, reads).await?;
    seen.took = began.elapsed();
    seen.loads = store.statements() - before;
    Ok(seen)
}

/// Everybody wants the hot post, which has just expired.
async fn expire(store: &Store, replicas: &[Replica; 2]) -> Result<u64, Failure> {
    let before = store.statements();
    store.close();
    let readers = (0..READERS).map(|n| replicas[usize::from(n % 2 == 1)].hot.read(store, HOT_POST));
    let gate = async {
        store.holds_all(READERS).await;
        store.reopen();
    };
    let (posts, ()) = join(join_all(readers), gate).await;
    for post in posts {
        post?.ok_or("the hot post is not there")?;
    }
    Ok(store.statements() - before)
}

/// One replica has read a post, either one writes it, then both read it. The posts are those after
/// the hot one, another one each time.
async fn edit_after_read(
    store: &Store,
    replicas: &[Replica; 2],
    n: i64,
    seen: &mut Seen,
) -> Result<(), Failure> {
    let id = HOT_POST + 1 + n;
    let (warm, writer) = (n % 2 == 1, n / 2 % 2 == 1);
    replicas[usize::from(warm)].posts.read(store, id).await?;
    let written = store.edit(id).await?;
    replicas[usize::from(writer)].posts.wrote(id).await;
    let one = replicas[0].posts.revision(store, id).await?;
    let other = replicas[1].posts.revision(store, id).await?;
    seen.stale += u64::from(one < written) + u64::from(other < written);
    seen.disagree += u64::from(one != other);
    Ok(())
}

/// The second replica has the old post from the store, but not kept it yet; either one writes the
/// post; then the second keeps what it has, and reads again.
async fn edit_under_load(
    store: &Store,
    replicas: &[Replica; 2],
    n: i64,
    seen: &mut Seen,
) -> Result<(), Failure> {
    let id = HOT_POST + 1 + EDITS + n;
    store.close();
    let slow = replicas[1].posts.read(store, id);
    let writer = async {
        store.holds(1).await;
        let written = store.edit(id).await;
        replicas[usize::from(n % 2 == 1)].posts.wrote(id).await;
        store.reopen();
        written
    };
    let (read, written) = join(slow, writer).await;
    read?;
    seen.kept += u64::from(replicas[1].posts.revision(store, id).await? < written?);
    Ok(())
}

async fn read_by_popularity(
    stage: &Stage,
    store: &Store,
    replicas: &[Replica; 2],
    posts: u64,
    reads: u64,
) -> Result<(), Failure> {
    // The same reads for each variant; `next` hands them out, as all readers share one thread.
    let ids = Zipf::new(posts).draw(stage.seed(), reads);
    let next = Cell::new(0);
    let reader = async || -> Result<(), Failure> {
        while let Some(&id) = ids.get(next.replace(next.get() + 1)) {
            let replica = &replicas[usize::from(next.get() % 2 == 1)];
            replica.posts.revision(store, id).await?;
            if next.get().is_multiple_of(256) {
                stage.go_on()?;
            }
        }
        Ok(())
    };
    let readers = join_all((0..AT_ONCE).map(|_| reader())).await;
    readers.into_iter().collect()
}
