//! Blocking calls on the runtime's blocking threads: for what has no async interface.

use std::sync::Arc;

use evidence::Failure;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::wait_for_all;
use crate::service::Service;

/// Hands each call to a thread beside the workers. The queue before these threads has no end, so
/// what may wait in it has to be bounded elsewhere.
///
/// # Errors
/// When a call panics.
pub fn call_all(runtime: &Runtime, service: &Arc<Service>, calls: usize) -> Result<(), Failure> {
    let mut tasks = JoinSet::new();
    for _ in 0..calls {
        let service = Arc::clone(service);
        tasks.spawn_blocking_on(move || service.ask_blocking(), runtime.handle());
    }
    wait_for_all(runtime, tasks)
}
