//! A pool of our own: as many calls at once as threads, and a queue that we bound ourselves.

use std::sync::Arc;
use std::thread;

use crossbeam_channel::bounded;
use evidence::Failure;
use tokio::runtime::Runtime;

use crate::service::Service;

/// Chosen for what the called side stands, such as its connections, and not for our cores: the
/// threads wait, they do not compute.
pub const THREADS: usize = 8;

/// Feeds the calls to the threads of a pool.
///
/// # Errors
/// When the system refuses a thread.
pub fn call_all(_: &Runtime, service: &Arc<Service>, calls: usize) -> Result<(), Failure> {
    let (queue, jobs) = bounded(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let jobs = jobs.clone();
            let serve = move || jobs.iter().for_each(|()| service.ask_blocking());
            thread::Builder::new().spawn_scoped(scope, serve)?;
        }
        // Whoever feeds a full queue waits: that is back-pressure. A server refuses instead.
        for _ in 0..calls {
            queue.send(())?;
        }
        drop(queue);
        Ok(())
    })
}
