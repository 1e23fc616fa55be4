//! When the answer is wrong: a cache of what nobody asks for twice.

use std::cell::Cell;

use evidence::{Outcome, Quantity, Scale, Stage};
use foundation::testing::TestRedis;
use tokio::runtime::Runtime;

use super::replicas::{PATIENT, caches};
use super::store::{Post, Store};
use crate::{Cache, CacheSettings};

/// Compares reads from the store with reads through the cache, where none hits and where all do.
pub(super) fn weigh(stage: &Stage, store: &Store, redis: &TestRedis, run: &Runtime) -> Outcome {
    stage.step("When a cache costs more than it saves");
    let (reads, rounds) = match stage.scale() {
        Scale::Quick => (50, 5),
        Scale::Default => (1_000, 11),
        Scale::Full => (5_000, 21),
    };
    let caches = run.block_on(caches(redis, "price", PATIENT))?;
    let cache = caches.cache::<Post>(CacheSettings::new("price"));
    let bare = || bare(store, reads);
    let statements = store.statements();
    let asked = Cell::new(0);
    stage.compare(
        "nobody-asks-twice",
        "reads of which none hits",
        rounds,
        ("from the store", &mut || run.block_on(bare())),
        ("through the cache", &mut || run.block_on(fresh(&cache, store, reads, &asked))),
    )?;
    let statements = store.statements() - statements;
    judge(stage, &cache, statements, asked.get());
    stage.compare(
        "everybody-asks-again",
        "reads of which all hit in process",
        rounds,
        ("from the store", &mut || run.block_on(bare())),
        ("through the cache", &mut || run.block_on(again(&cache, store, reads))),
    )?;
    Ok(())
}

fn judge(stage: &Stage, cache: &Cache<Post>, statements: u64, asked: u64) {
    let seen = cache.statistics();
    let (hits, calls) = (seen.local.hits + seen.shared.hits, seen.round_trips);
    let through = seen.loads;
    stage.measure(
        "calls-per-miss",
        "calls of Redis for a read that misses",
        Quantity::count(calls / asked.max(1)),
    );
    stage.check(
        "misses-cost-round-trips",
        format!(
            "of {} reads of new keys {hits} hit: each costs its statement all the same ({} of \
             them), and {} calls of Redis on top",
            Quantity::count(asked),
            Quantity::count(through),
            Quantity::count(calls),
        ),
        hits == 0 && through == asked && statements == 2 * asked && calls == 2 * asked,
    );
}

async fn bare(store: &Store, reads: i64) -> Outcome {
    for id in 1..=reads {
        store.read(id).await?;
    }
    Ok(())
}

/// Keys that were never asked for before.
async fn fresh(cache: &Cache<Post>, store: &Store, reads: i64, asked: &Cell<u64>) -> Outcome {
    for id in 1..=reads {
        let key = format!("question {}", asked.replace(asked.get() + 1));
        cache.get_or_load(&key, store.read(id)).await?;
    }
    Ok(())
}

async fn again(cache: &Cache<Post>, store: &Store, reads: i64) -> Outcome {
    for id in 1..=reads {
        cache.get_or_load(&id.to_string(), store.read(id)).await?;
    }
    Ok(())
}
