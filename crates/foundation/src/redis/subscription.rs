//! Messages of a channel, and the truth about those that may have been missed.

use futures_util::StreamExt;
use redis::aio::PubSub;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::keeper::State;
use super::server::{Connection, Node, Server, holder};
use super::{PATIENCE, PAUSE};

/// Messages kept for a listener that is slow; with more, it is told that it missed some.
const BUFFER: usize = 1_024;

/// What a listener is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Somebody published this.
    Message(String),
    /// Every message from now on arrives; any before may have been missed. Comes first of all.
    Reconnected,
    /// Messages may be missed from now on, and a little before: up to two seconds when Redis hangs.
    Lost,
}

/// A channel that is listened to, again and again as Redis comes and goes; ends when dropped.
#[derive(Debug)]
pub struct Subscription {
    notices: mpsc::Receiver<Notice>,
}

impl Subscription {
    pub(super) fn start(
        runtime: &Handle,
        server: Server,
        channel: String,
        state: watch::Receiver<State>,
    ) -> Self {
        let (tell, notices) = mpsc::channel(BUFFER);
        runtime.spawn(async move {
            tokio::select! {
                () = follow(&server, &channel, state, &tell) => {}
                () = tell.closed() => {}
            }
        });
        Self { notices }
    }

    /// The next notice; waits for ever once the last handle to Redis is dropped.
    pub async fn next(&mut self) -> Notice {
        match self.notices.recv().await {
            Some(notice) => notice,
            None => std::future::pending().await,
        }
    }
}

/// Ends when nobody listens any more, or Redis is not wanted any more.
async fn follow(
    server: &Server,
    channel: &str,
    mut state: watch::Receiver<State>,
    tell: &mpsc::Sender<Notice>,
) {
    // The keeper alone tries a Redis that is gone.
    while state.wait_for(|state| matches!(state, State::Up(_))).await.is_ok() {
        if let Some(messages) = subscribed(server, channel, &state).await {
            if tell.send(Notice::Reconnected).await.is_err() {
                return;
            }
            relay(messages, channel, &mut state, tell).await;
            if tell.send(Notice::Lost).await.is_err() {
                return;
            }
        }
        sleep(PAUSE).await;
    }
}

/// A connection that listens, and in a cluster the way to ask whether it still listens to the right
/// node: after a slot has moved, messages would arrive, but nobody would wait for this listener.
struct Listening {
    messages: PubSub,
    cluster: Option<(Connection, Node)>,
}

async fn subscribed(
    server: &Server,
    channel: &str,
    state: &watch::Receiver<State>,
) -> Option<Listening> {
    let State::Up(link) = state.borrow().clone() else { return None };
    let mut connection = link.connection;
    let attempt = server.listen(&mut connection, channel);
    let (messages, node) = timeout(PATIENCE, attempt).await.ok()?.ok()?;
    Some(Listening { messages, cluster: node.map(|node| (connection, node)) })
}

/// Ends when the connection does, when Redis stops answering, when the channel has moved, or when
/// the listener is too slow.
async fn relay(
    listening: Listening,
    channel: &str,
    state: &mut watch::Receiver<State>,
    tell: &mpsc::Sender<Notice>,
) {
    let Listening { messages, mut cluster } = listening;
    let (mut sink, mut messages) = messages.split();
    let mut check = interval(PAUSE);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = messages.next() => {
                let Some(message) = message else { return };
                let text = String::from_utf8_lossy(message.get_payload_bytes()).into_owned();
                if tell.try_send(Notice::Message(text)).is_err() {
                    return;
                }
            }
            // A connection that nobody writes to does not notice that the other end is gone.
            _ = check.tick() => {
                let answered = timeout(PATIENCE, sink.ping::<redis::Value>()).await;
                if !matches!(answered, Ok(Ok(_))) || has_moved(&mut cluster, channel).await {
                    return;
                }
            }
            () = gone(state) => return,
        }
    }
}

async fn has_moved(cluster: &mut Option<(Connection, Node)>, channel: &str) -> bool {
    let Some((connection, node)) = cluster else { return false };
    let found = timeout(PATIENCE, holder(connection, channel)).await;
    !matches!(found, Ok(Ok(found)) if found == *node)
}

async fn gone(state: &mut watch::Receiver<State>) {
    let _ = state.wait_for(|state| !matches!(state, State::Up(_))).await;
}
