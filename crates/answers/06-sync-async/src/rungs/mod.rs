//! The same calls six ways. Read them in the order of [`RUNGS`]: each differs from the one before
//! in one idea, so a diff of two neighbours is the lesson.

pub mod async_tasks;
pub mod blocking_in_async;
pub mod sequential;
pub mod spawn_blocking;
pub mod thread_per_call;
pub mod thread_pool;

use std::sync::Arc;

use evidence::{Failure, RungKind};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::service::Service;
use crate::trial::{BLOCKING_THREADS, WORKERS};

/// Makes that many calls and returns when all are answered. Runs on a thread outside `runtime`.
pub type CallAll = fn(&Runtime, &Arc<Service>, usize) -> Result<(), Failure>;

/// One way of making the calls.
#[derive(Debug)]
pub struct Rung {
    /// Stable id, part of the ids of measurements.
    pub id: &'static str,
    /// Name for the reader.
    pub name: &'static str,
    /// Where it stands on the ladder.
    pub kind: RungKind,
    /// How many of so many calls theory has in flight at once.
    pub in_flight: fn(usize) -> usize,
    /// The code.
    pub call_all: CallAll,
}

/// The six, from wrong to right and on to right at another price.
pub static RUNGS: [Rung; 6] = [
    Rung {
        id: "sequential",
        name: "one after another",
        kind: RungKind::Wrong,
        in_flight: |calls| calls.min(1),
        call_all: sequential::call_all,
    },
    Rung {
        id: "blocking-in-async",
        name: "blocking inside async",
        kind: RungKind::Tempting,
        in_flight: |calls| calls.min(WORKERS),
        call_all: blocking_in_async::call_all,
    },
    Rung {
        id: "async",
        name: "async tasks",
        kind: RungKind::Right,
        in_flight: |calls| calls,
        call_all: async_tasks::call_all,
    },
    Rung {
        id: "spawn-blocking",
        name: "spawn_blocking",
        kind: RungKind::Costly,
        in_flight: |calls| calls.min(BLOCKING_THREADS),
        call_all: spawn_blocking::call_all,
    },
    Rung {
        id: "thread-pool",
        name: "a thread pool",
        kind: RungKind::Costly,
        in_flight: |calls| calls.min(thread_pool::THREADS),
        call_all: thread_pool::call_all,
    },
    Rung {
        id: "threads",
        name: "a thread per call",
        kind: RungKind::Costly,
        in_flight: |calls| calls,
        call_all: thread_per_call::call_all,
    },
];

/// Waits for every task; one that panicked is an error.
pub(crate) fn wait_for_all<T: 'static>(
    runtime: &Runtime,
    mut tasks: JoinSet<T>,
) -> Result<(), Failure> {
    runtime.block_on(async {
        while let Some(ended) = tasks.join_next().await {
            ended?;
        }
        Ok(())
    })
}
