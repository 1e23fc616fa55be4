//! What becomes of jobs that ran, written in as few statements as there are fates.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::prelude::*;

use crate::metrics::{Ended, JobMetrics};
use crate::store::{self, Again, Held};

/// What is to be written about one attempt.
#[derive(Debug)]
pub(crate) struct Settlement {
    pub(crate) kind: &'static str,
    pub(crate) held: Held,
    pub(crate) fate: Fate,
}

/// What becomes of the job.
#[derive(Debug)]
pub(crate) enum Fate {
    Done,
    Again { wait: Duration, reason: String },
    Dead { reason: String, order_key: Option<String> },
    GivenBack,
}

impl Settlement {
    /// All attempts were begun and none reported back: the job may be what kills its workers.
    pub(crate) fn worker_lost(kind: &'static str, held: Held, order_key: Option<String>) -> Self {
        let reason = "its worker was gone before the last attempt ended".to_owned();
        Self { kind, held, fate: Fate::Dead { reason, order_key } }
    }

    /// Counts and logs it, once it is written or found to be somebody else's.
    pub(crate) fn tell(&self, was_held: bool, metrics: &JobMetrics) {
        let Self { kind, held, fate } = self;
        let id = held.id.get();
        if !was_held {
            metrics.ended(kind, Ended::Lost);
            tracing::warn!(kind, id, "the lease was lost; somebody else has the job");
            return;
        }
        let end = match fate {
            Fate::Done => Ended::Done,
            Fate::Again { wait, reason } => {
                tracing::warn!(kind, id, reason, ?wait, "job failed and is tried again");
                Ended::Failed
            }
            Fate::Dead { reason, .. } => {
                tracing::error!(kind, id, reason, "job is a dead letter");
                Ended::Dead
            }
            Fate::GivenBack => {
                tracing::info!(kind, id, "job was given back");
                Ended::GivenBack
            }
        };
        metrics.ended(kind, end);
    }
}

/// Writes all of them; returns those whose lease was still held. Call it in a transaction.
pub(crate) fn settle(
    connection: &mut PgConnection,
    settlements: &[Settlement],
) -> QueryResult<BTreeSet<Held>> {
    let (mut done, mut again, mut back) = (Vec::new(), Vec::new(), Vec::new());
    let mut held = BTreeSet::new();
    for settlement in settlements {
        match &settlement.fate {
            Fate::Done => done.push(settlement.held),
            Fate::GivenBack => back.push(settlement.held),
            Fate::Again { wait, reason } => {
                let (wait, reason) = (*wait, reason.clone());
                again.push(Again { held: settlement.held, wait, reason });
            }
            Fate::Dead { reason, order_key } => {
                let order = order_key.as_deref().map(|key| (settlement.kind, key));
                if store::die(connection, settlement.held, reason, order)? {
                    held.insert(settlement.held);
                }
            }
        }
    }
    if !done.is_empty() {
        held.extend(store::done(connection, &done)?);
    }
    if !again.is_empty() {
        held.extend(store::again(connection, &again)?);
    }
    if !back.is_empty() {
        held.extend(store::give_back(connection, &back)?);
    }
    Ok(held)
}
