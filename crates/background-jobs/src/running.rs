//! One attempt: under which lease it runs, how it is run, and what follows from its outcome.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::sync::oneshot;

use crate::event::{Event, Events, Outcome};
use crate::handler::{Failure, Next, Ticket};
use crate::kind::Policy;
use crate::metrics::Ended;
use crate::registry::Work;
use crate::settle::{Fate, Settlement};
use crate::store::Held;

/// A job that runs in this process, as the keeper sees it.
pub(crate) struct Running {
    pub(crate) policy: Policy,
    pub(crate) began: Instant,
    number: u32,
    order_key: Option<String>,
    ticket: Ticket,
    /// Ends the attempt; used once.
    cancel: Option<oneshot::Sender<()>>,
    /// Counted from before the claim was sent, so it never ends later than in the database.
    lease_ends: Instant,
    lost: bool,
}

impl Running {
    pub(crate) fn new(
        policy: Policy,
        claimed: Instant,
        number: i32,
        order_key: Option<String>,
        ticket: Ticket,
        cancel: oneshot::Sender<()>,
    ) -> Self {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let (cancel, lease_ends) = (Some(cancel), claimed + policy.lease);
        let began = Instant::now();
        Self { policy, began, number, order_key, ticket, cancel, lease_ends, lost: false }
    }

    /// After a third of the lease: two renewals may fail before it ends.
    pub(crate) fn renew_at(&self) -> Instant {
        self.lease_ends.checked_sub(self.policy.lease * 2 / 3).unwrap_or(self.lease_ends)
    }

    /// Not once the handler has completed the job itself: there is no row to renew.
    pub(crate) fn wants_renewal(&self, now: Instant) -> bool {
        now >= self.renew_at() && !self.lost && !self.ticket.is_completed()
    }

    pub(crate) fn renewed(&mut self, now: Instant) {
        self.lease_ends = now + self.policy.lease;
    }

    /// Somebody else has the job, or may have it: the attempt ends, as far as it can be ended.
    pub(crate) fn lost(&mut self) {
        self.lost = true;
        self.end();
    }

    /// The database could not be asked for so long that others may have the job.
    pub(crate) fn lose_if_over(&mut self, now: Instant) {
        if now >= self.lease_ends && !self.ticket.is_completed() {
            self.lost();
        }
    }

    pub(crate) fn end(&mut self) {
        if let Some(cancel) = self.cancel.take() {
            let _ = cancel.send(());
        }
    }

    /// What is to be written, or how the attempt counts where nothing is.
    pub(crate) fn settled(self, held: Held, outcome: Outcome) -> Result<Settlement, Ended> {
        let fate = match outcome {
            Outcome::Done if self.ticket.is_completed() => return Err(Ended::Done),
            Outcome::Done => Fate::Done,
            Outcome::Cancelled if self.lost => return Err(Ended::Lost),
            Outcome::Cancelled => Fate::GivenBack,
            Outcome::Failed(failure) => self.after(failure),
        };
        Ok(Settlement { kind: self.policy.name, held, fate })
    }

    fn after(&self, failure: Failure) -> Fate {
        let Failure { reason, next } = failure;
        let reason = reason.into_owned();
        let wait = self.policy.retry.wait(self.number);
        match next {
            Next::Never => Fate::Dead { reason, order_key: self.order_key.clone() },
            _ if self.number >= self.policy.retry.attempts => {
                Fate::Dead { reason, order_key: self.order_key.clone() }
            }
            Next::Again => Fate::Again { wait, reason },
            Next::NotBefore(least) => Fate::Again { wait: wait.max(least), reason },
        }
    }
}

/// Tells the keeper how an attempt ended, whatever ends it: also when its thread or its future is
/// gone before it could say so.
pub(crate) struct Report {
    held: Held,
    events: Events,
    outcome: Option<Outcome>,
}

impl Report {
    pub(crate) fn new(held: Held, events: Events) -> Self {
        Self { held, events, outcome: None }
    }

    pub(crate) fn say(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        let outcome = self.outcome.take();
        let outcome = outcome.unwrap_or_else(|| Outcome::Failed(Failure::again(PANICKED)));
        self.events.send(Event::Ended(self.held, outcome));
    }
}

const PANICKED: &str = "the handler panicked";

/// Runs an attempt until it ends, its time is over, or the keeper wants it to end. The future is
/// made in here, so that a panic before its first `await` is one of the attempt, too.
pub(crate) async fn attempt(
    begin: impl FnOnce() -> Work,
    limit: Duration,
    cancelled: oneshot::Receiver<()>,
) -> Outcome {
    let work = AssertUnwindSafe(async move { begin().await }).catch_unwind();
    tokio::select! {
        biased;
        _ = cancelled => Outcome::Cancelled,
        ended = tokio::time::timeout(limit, work) => match ended {
            Ok(Ok(Ok(()))) => Outcome::Done,
            Ok(Ok(Err(failure))) => Outcome::Failed(failure),
            Ok(Err(_)) => Outcome::Failed(Failure::again(PANICKED)),
            Err(_) => Outcome::Failed(Failure::again(format!("not done within {limit:?}"))),
        },
    }
}
