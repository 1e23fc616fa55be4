//! One round of the dojo: the service, its customers, and what has been done so far.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use evidence::{Failure, Interrupt};
use foundation::scratch::Scratch;
use foundation::telemetry::{self, LogTap};
use local_services::Purpose;

use super::feed::{Feed, Tally};
use super::{clock, commands, postmortem};
use crate::faults::{Case, Fault};
use crate::service::{Action, Service};

/// Log lines that can be looked back at.
const LOG_LINES: usize = 1_000;
/// Entries of the communication log.
const MOST_ENTRIES: usize = 500;
/// Waves that are watched after each change.
const WATCHED: u64 = 2;

/// What a command answered.
pub(super) struct Reply {
    pub(super) text: String,
    /// Whether the reader wants to leave.
    pub(super) over: bool,
}

/// What happened when; the postmortem is written from it.
pub(super) struct Record {
    pub(super) case: &'static Case,
    pub(super) injected: Instant,
    pub(super) alerted: Instant,
    pub(super) alerted_at: DateTime<Utc>,
    pub(super) actions: Vec<(Instant, Action)>,
    pub(super) guesses: Vec<(Instant, Fault)>,
    pub(super) fixed: Option<Instant>,
    pub(super) hints: usize,
    /// The communication log.
    pub(super) log: Vec<(Instant, String)>,
}

/// A round that is being played. Fields drop in this order: customers first, the database last.
pub(super) struct Session {
    pub(super) feed: Feed,
    pub(super) service: Arc<Service>,
    pub(super) tap: LogTap,
    pub(super) record: Record,
    _scratch: Scratch,
}

impl Record {
    pub(super) fn say(&mut self, text: impl Into<String>) {
        if self.log.len() < MOST_ENTRIES {
            self.log.push((Instant::now(), text.into()));
        }
    }

    /// Whether the last guess is right.
    pub(super) fn is_found(&self) -> bool {
        self.guesses.last().is_some_and(|(_, guess)| *guess == self.case.fault)
    }

    /// When the failures stopped: the first action after which no wave began that failed.
    pub(super) fn mitigated(&self, tally: &Tally) -> Option<Instant> {
        let (last, _) = tally.last_failing?;
        let actions = self.actions.iter().map(|(at, _)| *at).chain(self.fixed);
        actions.into_iter().find(|at| *at > last)
    }

    /// Whether the fix is in and nothing has failed since.
    pub(super) fn is_resolved(&self, tally: &Tally) -> bool {
        let fails_since = |fixed| tally.last_failing.is_some_and(|(began, _)| began > fixed);
        self.fixed.is_some_and(|fixed| !fails_since(fixed))
    }
}

impl Session {
    /// Starts the service, lets it run well for a moment, then breaks it, and waits for the alert.
    pub(super) fn start(
        fault: Fault,
        purpose: Purpose,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        telemetry::init_quiet("info")?;
        let tap = LogTap::start(LOG_LINES);
        let scratch = Scratch::create(purpose)?;
        let service = Arc::new(Service::start(&scratch)?);
        let feed = Feed::start(&service, interrupt)?;
        feed.watch(WATCHED)?;
        let injected = Instant::now();
        service.inject(fault)?;
        feed.alert()?;
        let mut record = Record {
            case: fault.case(),
            injected,
            alerted: Instant::now(),
            alerted_at: Utc::now(),
            actions: Vec::new(),
            guesses: Vec::new(),
            fixed: None,
            hints: 0,
            log: Vec::new(),
        };
        record.say("investigating: requests fail, customers are affected");
        Ok(Self { feed, service, tap, record, _scratch: scratch })
    }

    /// What the pager says.
    pub(super) fn alert(&self) -> String {
        let failed = self.feed.tally().failed;
        format!(
            "ALERT {}  order-lookup breaks its objective: {failed} requests failed or were late.\n\
             Stop the failures first, then find out. `help` lists what you can do.",
            self.record.alerted_at.format("%H:%M:%S UTC"),
        )
    }

    /// Since the alert.
    pub(super) fn elapsed(&self) -> String {
        clock::minutes(self.record.alerted.elapsed())
    }

    /// What the prompt shows: the clock, and whether the newest wave failed.
    pub(super) fn state(&self) -> String {
        let failing = self.feed.tally().recent.back().is_some_and(|failed| *failed > 0);
        format!("{}{}", self.elapsed(), if failing { ", failing" } else { "" })
    }

    /// Does what a line says. Never fails: whatever goes wrong is told.
    pub(super) fn execute(&mut self, line: &str) -> Reply {
        commands::execute(self, line)
    }

    /// Does something and watches what comes of it.
    pub(super) fn act(&mut self, action: Action) -> Result<String, Failure> {
        let at = Instant::now();
        self.service.apply(action)?;
        self.record.actions.push((at, action));
        let outcome = self.watched()?;
        self.record.say(format!("did `{action}`: {outcome}"));
        Ok(outcome)
    }

    /// Deploys the fix of what was guessed.
    pub(super) fn fix(&mut self) -> Result<String, Failure> {
        self.service.repair(self.record.case.fault)?;
        self.record.fixed = Some(Instant::now());
        let outcome = self.watched()?;
        self.record.say(format!("deployed the fix: {outcome}"));
        Ok(outcome)
    }

    fn watched(&self) -> Result<String, Failure> {
        let (failed, requests) = self.feed.watch(WATCHED)?;
        Ok(format!("{failed} of the next {requests} requests failed"))
    }

    /// Whether it was resolved, and the postmortem.
    pub(super) fn finish(mut self) -> (bool, String) {
        let tally = self.feed.tally();
        let resolved = self.record.is_resolved(&tally);
        self.record.say(if resolved { "resolved" } else { "handed over, not resolved" });
        (resolved, postmortem::write(&self.record, &tally))
    }
}
