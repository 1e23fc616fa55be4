//! Keeps a connection to Redis, and is the only one who asks a Redis that is gone.

use std::time::Duration;

use prometheus::IntGauge;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::link::Link;
use super::server::{Connection, Server};
use super::{PATIENCE, PAUSE};

/// What is known of Redis.
#[derive(Clone)]
pub(super) enum State {
    /// Not tried yet.
    Connecting,
    Up(Link),
    Gone,
}

/// Connects, watches, and connects again.
pub(super) struct Keeper {
    server: Server,
    state: watch::Sender<State>,
    wait: Duration,
    up: IntGauge,
}

impl Keeper {
    pub(super) fn new(
        server: Server,
        state: watch::Sender<State>,
        wait: Duration,
        up: IntGauge,
    ) -> Self {
        Self { server, state, wait, up }
    }

    /// Never ends. A fresh connection each time: the old one may lead to a host that is no more.
    pub(super) async fn keep(self) {
        loop {
            match self.connect().await {
                Ok(connection) => {
                    tracing::info!("Redis answers");
                    self.serve(connection).await;
                    self.become_gone("it stopped answering");
                }
                Err(reason) => self.become_gone(&reason),
            }
            sleep(PAUSE).await;
        }
    }

    /// A Redis that is slower than anybody would wait for is as good as gone.
    async fn connect(&self) -> Result<Connection, String> {
        let mut connection = match timeout(PATIENCE, self.server.connect()).await {
            Ok(connected) => connected.map_err(|error| error.to_string())?,
            Err(_) => return Err("connecting took too long".to_owned()),
        };
        match timeout(self.wait, connection.ping()).await {
            Ok(answer) => answer.map(|()| connection).map_err(|error| error.to_string()),
            Err(_) => Err("it is too slow".to_owned()),
        }
    }

    /// Hands the connection out for as long as Redis answers. One late answer on a busy machine
    /// costs a moment: nobody asks until the keeper has an answer again.
    async fn serve(&self, mut connection: Connection) {
        loop {
            let link = Link::new(connection.clone());
            self.up.set(1);
            self.state.send_replace(State::Up(link.clone()));
            // Asked once a second as well, so that an idle server notices too.
            while timeout(PAUSE, link.failed()).await.is_err() {
                if !answers(&mut connection, PATIENCE).await {
                    return;
                }
            }
            if !answers(&mut connection, self.wait).await {
                return;
            }
        }
    }

    fn become_gone(&self, reason: &str) {
        self.up.set(0);
        let changed = self.state.send_if_modified(|state| {
            let changed = !matches!(state, State::Gone);
            *state = State::Gone;
            changed
        });
        if changed {
            tracing::warn!(reason, "Redis is gone: caches and limits are kept by each server");
        }
    }
}

async fn answers(connection: &mut Connection, within: Duration) -> bool {
    matches!(timeout(within, connection.ping()).await, Ok(Ok(())))
}
