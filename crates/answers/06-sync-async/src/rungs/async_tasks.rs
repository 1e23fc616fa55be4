//! Tasks that await: while one waits, its worker polls another.

use std::sync::Arc;

use evidence::Failure;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::wait_for_all;
use crate::service::Service;

/// Spawns a task per call, each of which occupies a worker only while it has something to do.
///
/// # Errors
/// When a task panics.
pub fn call_all(runtime: &Runtime, service: &Arc<Service>, calls: usize) -> Result<(), Failure> {
    let mut tasks = JoinSet::new();
    for _ in 0..calls {
        let service = Arc::clone(service);
        tasks.spawn_on(async move { service.ask().await }, runtime.handle());
    }
    wait_for_all(runtime, tasks)
}
