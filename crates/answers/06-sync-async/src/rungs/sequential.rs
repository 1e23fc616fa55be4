//! One thread, one call after another: what a script does, and right there.

use std::sync::Arc;

use evidence::Failure;
use tokio::runtime::Runtime;

use crate::service::Service;

/// Makes each call when the one before was answered.
///
/// # Errors
/// None.
pub fn call_all(_: &Runtime, service: &Arc<Service>, calls: usize) -> Result<(), Failure> {
    for _ in 0..calls {
        service.ask_blocking();
    }
    Ok(())
}

/// The same with `.await`: async is not concurrent by itself, somebody has to start the next call
/// before the last one is answered.
///
/// # Errors
/// None.
pub fn await_each(runtime: &Runtime, service: &Arc<Service>, calls: usize) -> Result<(), Failure> {
    runtime.block_on(async {
        for _ in 0..calls {
            service.ask().await;
        }
    });
    Ok(())
}
