//! Starts and stops workers by the depth of their queue.

use std::io::{self, Write};
use std::time::Duration;

use background_jobs::{Depth, depths};
use chrono::Utc;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use foundation::backing::connect;
use foundation::module::StartFailure;
use foundation::task::termination;
use secrecy::SecretString;
use serde_json::json;

use super::Policy;
use super::child::Worker;
use crate::payments::{CHARGE, REFUND};

/// What a supervisor is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) policy: Policy,
    /// Time between two looks at the queue.
    pub(super) every: Duration,
    /// How long a worker may take to go.
    pub(super) grace: Duration,
}

/// Looks at the queue until it is told to stop, then sends everybody home.
pub(super) async fn supervise(url: &SecretString, settings: Settings) -> io::Result<()> {
    let mut supervisor = Supervisor { settings, workers: Vec::new(), depth: 0 };
    let mut queue = Queue { url, connection: None };
    let stop = termination();
    tokio::pin!(stop);
    loop {
        // A queue that does not answer leaves things as they are: nobody goes for that.
        match queue.depth() {
            Ok(depth) => supervisor.depth = depth,
            Err(error) => eprintln!("the queue cannot be read: {error}"),
        }
        supervisor.look()?;
        tokio::select! {
            () = &mut stop => break,
            () = tokio::time::sleep(settings.every) => {}
        }
    }
    supervisor.send_home().await
}

struct Supervisor {
    settings: Settings,
    workers: Vec<Worker>,
    depth: u64,
}

impl Supervisor {
    /// One look: who is gone, how many should be there, who starts or goes.
    fn look(&mut self) -> io::Result<()> {
        self.sweep()?;
        let running = self.running();
        let wanted = self.settings.policy.wanted(self.depth, running);
        for _ in running..wanted {
            self.workers.push(Worker::start()?);
        }
        let surplus = usize::try_from(running.saturating_sub(wanted)).unwrap_or_default();
        // The youngest, as the others have connections and plans already.
        let staying = self.workers.iter_mut().rev().filter(|worker| !worker.is_leaving());
        staying.take(surplus).for_each(Worker::ask_to_leave);
        match wanted.cmp(&running) {
            std::cmp::Ordering::Greater => self.tell("more"),
            std::cmp::Ordering::Less => self.tell("fewer"),
            std::cmp::Ordering::Equal => Ok(()),
        }
    }

    fn running(&self) -> u32 {
        let staying = self.workers.iter().filter(|worker| !worker.is_leaving());
        u32::try_from(staying.count()).unwrap_or(u32::MAX)
    }

    /// Forgets those that are gone. One that was not asked to go is told of: the next look starts
    /// another, at the pace of looks, so that one which cannot start costs no more than that.
    fn sweep(&mut self) -> io::Result<()> {
        let mut died = false;
        let grace = self.settings.grace;
        self.workers.retain_mut(|worker| {
            worker.end_if_late(grace);
            let gone = worker.is_gone();
            died |= gone && !worker.is_leaving();
            !gone
        });
        if died { self.tell("died") } else { Ok(()) }
    }

    async fn send_home(&mut self) -> io::Result<()> {
        self.workers.iter_mut().for_each(Worker::ask_to_leave);
        while !self.workers.is_empty() {
            self.sweep()?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.tell("ended")
    }

    /// One line for each change, for people and for whoever draws it.
    fn tell(&self, change: &str) -> io::Result<()> {
        let line = json!({
            "at": Utc::now(), "change": change, "workers": self.running(), "depth": self.depth,
        });
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()
    }
}

/// The queue, over a connection that is made again when it is lost.
struct Queue<'url> {
    url: &'url SecretString,
    connection: Option<PgConnection>,
}

impl Queue<'_> {
    /// Jobs of the shop that wait or run, also those that are tried again later.
    fn depth(&mut self) -> Result<u64, StartFailure> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(self.url, Duration::ZERO)?,
        };
        connection.batch_execute("SET statement_timeout = 5000")?;
        let ours = |depth: &Depth| [CHARGE.name(), REFUND.name()].contains(&depth.kind.as_str());
        let all = depths(&mut connection)?;
        let depth: i64 =
            all.iter().filter(|depth| ours(depth)).map(|depth| depth.waiting + depth.running).sum();
        // Kept only now: one that failed is not asked again.
        self.connection = Some(connection);
        Ok(depth.unsigned_abs())
    }
}
