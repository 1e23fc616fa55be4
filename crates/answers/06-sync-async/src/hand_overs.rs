//! Counts how often a future hands work to a blocking thread and waits for it to come back.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Builder, Runtime};

/// Drives `future` to its end and tells how often it waited for a blocking thread on the way.
///
/// The runtime has one blocking thread, which a turnstile occupies: whatever the future hands over
/// cannot be done before it is let through, so each hand-over is seen as one `Pending`. Nothing is
/// timed. The future must wait for blocking threads only, one hand-over at a time.
///
/// # Errors
/// When the system refuses a runtime.
pub fn count<T>(future: impl Future<Output = T>) -> io::Result<(u64, T)> {
    let runtime = Builder::new_current_thread().max_blocking_threads(1).build()?;
    let _entered = runtime.enter();
    let mut turnstile = Turnstile::closed(&runtime);
    let mut future = pin!(future);
    let mut hand_overs = 0;
    loop {
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => return Ok((hand_overs, output)),
            Poll::Pending => {
                hand_overs += 1;
                turnstile.let_through(&runtime);
            }
        }
    }
}

/// Occupies the only blocking thread until it is told otherwise. The thread serves its queue in
/// order, so whoever stands between two turnstiles is done when the second one is reached.
struct Turnstile {
    /// Dropping it ends the wait of the thread.
    _held: Sender<()>,
}

impl Turnstile {
    fn closed(runtime: &Runtime) -> Self {
        let (turnstile, reached) = Self::queued(runtime);
        let _ = reached.recv();
        turnstile
    }

    fn let_through(&mut self, runtime: &Runtime) {
        let (next, reached) = Self::queued(runtime);
        // The old one is dropped by this, and its wait ends.
        *self = next;
        let _ = reached.recv();
    }

    fn queued(runtime: &Runtime) -> (Self, Receiver<()>) {
        let (held, released) = channel::<()>();
        let (reach, reached) = channel();
        runtime.spawn_blocking(move || {
            let _ = reach.send(());
            let _ = released.recv();
        });
        (Self { _held: held }, reached)
    }
}
