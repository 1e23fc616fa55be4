//! The thread that listens for writes of other replicas and notices when it no longer would.

use std::sync::Arc;
use std::time::Duration;

use foundation::redis::Notice;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::peers::Peers;

/// Time between two beats: how long a Redis that hangs, and so closes nothing, goes unnoticed.
const BEAT: Duration = Duration::from_millis(250);

/// Stops the thread when dropped.
#[derive(Debug)]
pub(crate) struct Pulse {
    runtime: Handle,
    _stop: oneshot::Sender<()>,
}

impl Pulse {
    /// Starts the thread: one of its own instead of a task, as a worker that is busy with requests
    /// would make everybody's writes wait for its confirmation.
    pub(crate) fn start(peers: Arc<Peers>) -> std::io::Result<Self> {
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        std::thread::Builder::new().name("cache-peers".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = listen(&peers) => {}
                    () = count_confirmations(&peers) => {}
                    () = beat(&peers) => {}
                }
            });
        })?;
        Ok(Self { runtime: handle, _stop: stop })
    }

    /// Runs what no request waits for.
    pub(crate) fn runtime(&self) -> Handle {
        self.runtime.clone()
    }
}

async fn listen(peers: &Peers) {
    let mut subscription = peers.redis().subscribe(&peers.channel());
    loop {
        match subscription.next().await {
            Notice::Message(message) => peers.heard(&message).await,
            Notice::Reconnected => peers.subscribed(),
            Notice::Lost => peers.unsubscribed(),
        }
    }
}

async fn count_confirmations(peers: &Peers) {
    let mut subscription = peers.redis().subscribe(&peers.my_confirmations());
    loop {
        match subscription.next().await {
            Notice::Message(message) => peers.confirmed(&message),
            Notice::Reconnected => peers.hears_confirmations(true),
            Notice::Lost => peers.hears_confirmations(false),
        }
    }
}

async fn beat(peers: &Peers) {
    loop {
        // Twice, as one answer may be late on a busy machine, and a new epoch empties every cache.
        if peers.beat().await.is_ok() || peers.beat().await.is_ok() {
            peers.answered();
        } else {
            peers.unanswered();
        }
        tokio::time::sleep(BEAT).await;
    }
}
