//! The demo: two replicas, one Redis and one PostgreSQL, under six ways to cache.
//!
//! Read `ladder.rs` and `load.rs` (what goes wrong, and what does not), `promises.rs` (absence,
//! groups, jitter), `ratio.rs` and `price.rs` (what hits depend on, and when a cache costs more than
//! it saves), then `faults.rs` and `trouble.rs` (a Redis that hangs, dies or forgets).

mod faults;
mod ladder;
mod load;
mod price;
mod promises;
mod ratio;
mod replicas;
mod store;
mod trouble;

use evidence::{Failure, Needs, Outcome, Quantity, Scale, Stage, Story};
use foundation::scratch::Scratch;
use foundation::testing::TestRedis;
use tokio::runtime::{Builder, Runtime};

use ladder::Climbed;
pub(crate) use replicas::REDIS_GONE;
use store::Store;

/// Posts in the store.
fn posts(scale: Scale) -> u64 {
    match scale {
        Scale::Quick => 2_000,
        Scale::Default => 20_000,
        Scale::Full => 200_000,
    }
}

pub(crate) fn needs(scale: Scale) -> Needs {
    let posts = posts(scale);
    Needs {
        rows: posts + 1_000,
        disk_bytes: 20_000_000 + posts * 1_500,
        // What replicas keep in process; ten thousand posts each at most, but for the map's.
        memory_bytes: 60_000_000 + posts * 4_000,
    }
}

pub(crate) fn perform(stage: &Stage) -> Outcome {
    let redis = TestRedis::try_start()
        .map_err(|error| format!("this demo breaks a Redis of its own, and has none: {error}"))?;
    let (scratch, _guard) = Scratch::for_demo(stage)?;
    let posts = posts(stage.scale());
    let store = Store::fill(&scratch, posts)?;
    let run = runtime()?;
    let climbed = run.block_on(ladder::climb(stage, &store, &redis, posts))?;
    stage.go_on()?;
    run.block_on(promises::show(stage, &store, &redis, posts))?;
    stage.go_on()?;
    run.block_on(ratio::show(stage))?;
    stage.go_on()?;
    price::weigh(stage, &store, &redis, &run)?;
    stage.go_on()?;
    let slowest_truth = faults::break_redis(stage, &store, &run)?;
    stage.story(story(&climbed, slowest_truth));
    Ok(())
}

/// One thread: readers are polled in turn, so that a race is arranged and not hoped for.
fn runtime() -> Result<Runtime, Failure> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

fn story(climbed: &Climbed, reads: u64) -> Story {
    Story {
        situation: "A hot page was cached in Redis with a TTL and a DEL on each write. When it \
                    expired, every request queried at once; now and then an edited page stayed \
                    old for an hour."
            .to_owned(),
        task: "Keep the database out of most reads, and never show what a finished write has \
               replaced, also while Redis is in trouble."
            .to_owned(),
        action: "Let one reader load under a lease that a write takes away; told all replicas of \
                 writes and waited until they had heard; bounded every wait for Redis; broke it \
                 on purpose."
            .to_owned(),
        result: format!(
            "Loads at the moment of expiry went from {} to {}; old values kept by a slow load from \
             {} to {}. With Redis hung, killed and emptied all {} reads were answered, and nothing \
             was stale after it came back.",
            climbed.stampede,
            climbed.loads,
            climbed.kept,
            climbed.kept_right,
            Quantity::count(reads),
        ),
    }
}
