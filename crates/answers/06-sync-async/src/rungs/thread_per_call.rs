//! A thread per call: the simplest way to wait for many at once, until there are too many.

use std::sync::Arc;
use std::thread;

use evidence::Failure;
use tokio::runtime::Runtime;

use crate::service::Service;

/// Starts a thread for each call: its stack is reserved while it waits, and the system switches
/// between all of them.
///
/// # Errors
/// When the system refuses a thread.
pub fn call_all(_: &Runtime, service: &Arc<Service>, calls: usize) -> Result<(), Failure> {
    thread::scope(|scope| {
        for _ in 0..calls {
            thread::Builder::new().spawn_scoped(scope, || service.ask_blocking())?;
        }
        Ok(())
    })
}
