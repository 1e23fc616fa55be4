//! The one thread of a process that talks to the queue: it claims, renews, and writes what became of
//! each job.
//!
//! A thread and a connection of its own, instead of tasks among the handlers: however busy they are,
//! leases are renewed in time. Here is when it does what; `turn.rs` has what it does then.

mod turn;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::PgConnection;
use error_handling::{Cause, Retry};
use secrecy::SecretString;

use crate::connection::connect;
use crate::crew::Crew;
use crate::event::{Event, Inbox, Outcome};
use crate::metrics::JobMetrics;
use crate::registry::Registry;
use crate::running::Running;
use crate::settle::Settlement;
use crate::store::Held;
use crate::workers::Settings;

/// How long handlers that were told to end may take to notice, and the database to hear of it.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Pauses while the database is away.
const PAUSE: Retry =
    Retry { attempts: 0, base: Duration::from_millis(200), cap: Duration::from_secs(5) };

pub(crate) struct Keeper {
    url: SecretString,
    settings: Settings,
    registry: Arc<Registry>,
    crew: Crew,
    metrics: JobMetrics,
    connection: Option<PgConnection>,
    running: BTreeMap<Held, Running>,
    /// What became of jobs, as long as the database has not heard of it.
    unwritten: Vec<Settlement>,
    look_at: Instant,
    measure_at: Instant,
    /// Turns in a row that failed, and when the next one may be.
    failures: u32,
    not_before: Instant,
    /// Once the workers stop: when handlers that still run are told to end.
    deadline: Option<Instant>,
}

impl Keeper {
    pub(crate) fn new(
        url: SecretString,
        settings: Settings,
        registry: Arc<Registry>,
        crew: Crew,
        metrics: JobMetrics,
    ) -> Self {
        let now = Instant::now();
        Self {
            url,
            settings,
            registry,
            crew,
            metrics,
            connection: None,
            running: BTreeMap::new(),
            unwritten: Vec::new(),
            look_at: now,
            measure_at: now,
            failures: 0,
            not_before: now,
            deadline: None,
        }
    }

    /// Until it was told to stop and nothing is left to be written.
    pub(crate) fn run(mut self, inbox: &Inbox) {
        while !self.is_finished() {
            self.hear(inbox);
            self.end_attempts();
            if Instant::now() >= self.not_before {
                self.turn();
            }
        }
        if !self.running.is_empty() {
            let left = self.running.len();
            tracing::warn!(left, "jobs did not end in time; they are due again after their leases");
        }
    }

    fn is_finished(&self) -> bool {
        let Some(deadline) = self.deadline else { return false };
        let idle = self.running.is_empty() && self.unwritten.is_empty();
        idle || Instant::now() >= deadline + LAST_WORDS
    }

    /// Waits until something is to be done, and takes in everything that has happened.
    fn hear(&mut self, inbox: &Inbox) {
        let patience = self.next_turn().saturating_duration_since(Instant::now());
        let mut next = inbox.receiver.recv_timeout(patience).ok();
        while let Some(event) = next {
            match event {
                Event::Wake => {
                    inbox.woken();
                    self.look_at = Instant::now();
                }
                Event::Stop => self.stop(),
                Event::Ended(held, outcome) => self.ended(held, outcome),
            }
            next = inbox.receiver.try_recv().ok();
        }
    }

    fn next_turn(&self) -> Instant {
        let renewals = self.running.values().map(Running::renew_at);
        let next = match self.deadline {
            Some(deadline) if Instant::now() < deadline => {
                renewals.min().unwrap_or(deadline).min(deadline)
            }
            Some(deadline) => deadline + LAST_WORDS,
            None => renewals.chain([self.look_at, self.measure_at]).min().unwrap_or(self.look_at),
        };
        let next = if self.unwritten.is_empty() { next } else { Instant::now() };
        next.max(self.not_before)
    }

    fn stop(&mut self) {
        if self.deadline.is_none() {
            let running = self.running.len();
            tracing::info!(running, "workers stop: jobs that run may finish, none is claimed");
            self.deadline = Some(Instant::now() + self.settings.stop_within);
        }
    }

    /// Tells handlers to end whose lease is over, or all of them when the time to stop is.
    fn end_attempts(&mut self) {
        let now = Instant::now();
        let stop = self.deadline.is_some_and(|deadline| now >= deadline);
        for running in self.running.values_mut() {
            running.lose_if_over(now);
            if stop {
                running.end();
            }
        }
    }

    fn ended(&mut self, held: Held, outcome: Outcome) {
        let Some(running) = self.running.remove(&held) else { return };
        self.metrics.took(running.policy.name, running.began.elapsed());
        // A place is free, and there may be more to do.
        self.look_at = Instant::now();
        let kind = running.policy.name;
        match running.settled(held, outcome) {
            Ok(settlement) => self.unwritten.push(settlement),
            Err(end) => self.metrics.ended(kind, end),
        }
    }

    /// A connection is not used again after any failure: the next one costs little and is sound.
    fn turn(&mut self) {
        let connection = self.connection.take().map_or_else(|| connect(&self.url), Ok);
        let turned = connection.and_then(|mut connection| {
            self.renew(&mut connection)?;
            self.exchange(&mut connection)?;
            self.measure(&mut connection)?;
            Ok(connection)
        });
        match turned {
            Ok(connection) => {
                self.connection = Some(connection);
                self.failures = 0;
            }
            Err(error) => {
                self.failures += 1;
                let pause = self.settings.poll.max(PAUSE.wait(self.failures));
                self.not_before = Instant::now() + pause;
                let cause = Cause::database(&error);
                tracing::warn!(%cause, ?pause, "the queue cannot be reached");
            }
        }
    }
}
