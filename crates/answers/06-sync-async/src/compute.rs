//! Computing: work that waits for nothing, so that async has nothing to give back.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use evidence::{Failure, RungKind};
use futures_util::future::join_all;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::rungs::{CallAll, wait_for_all};
use crate::service::Service;
use crate::trial::WORKERS;

/// One way of computing several pieces.
#[derive(Debug)]
pub struct Way {
    /// Name for the reader.
    pub name: &'static str,
    /// Where it stands on the ladder.
    pub kind: RungKind,
    /// The code.
    pub call_all: CallAll,
    /// How many pieces theory has under way at once.
    pub at_once: usize,
    /// How many threads `spawn_blocking` may start.
    pub blocking_threads: usize,
}

/// The ways, for a machine with that many cores and that many pieces.
#[must_use]
pub fn ways(cores: usize, pieces: usize) -> [Way; 4] {
    [
        Way {
            name: "a task each, on the workers",
            kind: RungKind::Wrong,
            call_all: task_each,
            at_once: WORKERS,
            blocking_threads: 1,
        },
        Way {
            name: "async, joined in one task",
            kind: RungKind::Tempting,
            call_all: one_task,
            at_once: 1,
            blocking_threads: 1,
        },
        Way {
            name: "spawn_blocking, a thread per core",
            kind: RungKind::Right,
            call_all: on_blocking_threads,
            at_once: cores,
            blocking_threads: cores,
        },
        Way {
            name: "spawn_blocking, a thread per piece",
            kind: RungKind::Costly,
            call_all: on_blocking_threads,
            at_once: pieces,
            blocking_threads: pieces,
        },
    ]
}

/// One piece after another, without a runtime.
///
/// # Errors
/// None.
pub fn one_after_another(_: &Runtime, work: &Arc<Service>, pieces: usize) -> Result<(), Failure> {
    for _ in 0..pieces {
        work.compute();
    }
    Ok(())
}

/// All pieces joined in one task. Each runs from its beginning to its end, as there is no `.await`
/// inside at which another could begin.
///
/// # Errors
/// When a piece panics.
pub fn one_task(runtime: &Runtime, work: &Arc<Service>, pieces: usize) -> Result<(), Failure> {
    let work = Arc::clone(work);
    let all = async move { join_all((0..pieces).map(|_| async { work.compute() })).await };
    runtime.block_on(runtime.spawn(all))?;
    Ok(())
}

/// A task for each piece: as many at once as workers, and nobody else gets one of these.
///
/// # Errors
/// When a piece panics.
pub fn task_each(runtime: &Runtime, work: &Arc<Service>, pieces: usize) -> Result<(), Failure> {
    let mut tasks = JoinSet::new();
    for _ in 0..pieces {
        let work = Arc::clone(work);
        tasks.spawn_on(async move { work.compute() }, runtime.handle());
    }
    wait_for_all(runtime, tasks)
}

/// Each piece on one of the blocking threads, of which there are as many as the runtime was told.
///
/// # Errors
/// When a piece panics.
pub fn on_blocking_threads(
    runtime: &Runtime,
    work: &Arc<Service>,
    pieces: usize,
) -> Result<(), Failure> {
    let mut tasks = JoinSet::new();
    for _ in 0..pieces {
        let work = Arc::clone(work);
        tasks.spawn_blocking_on(move || work.compute(), runtime.handle());
    }
    wait_for_all(runtime, tasks)
}

/// Rounds of computing that take about that long here, in this build.
#[must_use]
pub fn rounds_in(time: Duration) -> u64 {
    const PROBE: u64 = 200_000;
    let began = Instant::now();
    black_box(mixed(1, PROBE));
    let per_round = began.elapsed().as_secs_f64() / PROBE as f64;
    ((time.as_secs_f64() / per_round.max(1e-12)) as u64).max(1)
}

/// A chain of mixes, each of which needs the one before: nothing to skip and nothing to wait for.
/// The mix is the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
pub(crate) fn mixed(seed: u64, rounds: u64) -> u64 {
    (0..rounds).fold(black_box(seed), |digest, round| {
        let digest = digest.wrapping_add(round | 1);
        let digest = (digest ^ (digest >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let digest = (digest ^ (digest >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        digest ^ (digest >> 31)
    })
}
