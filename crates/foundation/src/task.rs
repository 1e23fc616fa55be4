//! Work that must not be left half done, and when it is time to stop.

use error_handling::{Cause, Problem};
use tracing::Instrument;

use crate::operations::RequestTrace;

/// Runs work to its end, whether or not somebody still waits for it: on a task of its own, as a
/// handler is dropped where it stands when its client hangs up. Its spans still count for the
/// request that began it.
///
/// # Errors
/// Those of `work`, and 500 when it panics.
pub async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let trace = RequestTrace::current();
    let work = async move {
        match trace {
            Some(trace) => trace.scope(work).await,
            None => work.await,
        }
    };
    let ended = tokio::spawn(work.in_current_span()).await;
    ended.unwrap_or_else(|_| Err(Problem::internal(Cause::new("panic in work that goes on alone"))))
}

/// Ends when this process is told to stop, by SIGTERM or Ctrl-C. Several may wait for it.
pub async fn termination() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = signal(SignalKind::interrupt());
    let terminate = signal(SignalKind::terminate());
    let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
