//! One turn: leases are renewed, what became of jobs is written, and further ones are claimed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use error_handling::Retry;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::Keeper;
use crate::admin::depths;
use crate::handler::Ticket;
use crate::registry::Handler;
use crate::running::{Report, Running, attempt};
use crate::settle::{Settlement, settle};
use crate::store::{self, Claimed, Held};

impl Keeper {
    pub(super) fn renew(&mut self, connection: &mut PgConnection) -> QueryResult<()> {
        let now = Instant::now();
        let due = self.running.iter().filter(|(_, running)| running.wants_renewal(now));
        let due: Vec<(Held, Duration)> =
            due.map(|(held, running)| (*held, running.policy.lease)).collect();
        if due.is_empty() {
            return Ok(());
        }
        let renewed = store::renew(connection, &due)?;
        for (held, _) in due {
            let Some(running) = self.running.get_mut(&held) else { continue };
            match renewed.contains(&held) {
                true => running.renewed(now),
                false => running.lost(),
            }
        }
        Ok(())
    }

    /// Writes what became of jobs and claims as many as there is room for, in one transaction: under
    /// load one commit serves dozens of jobs.
    pub(super) fn exchange(&mut self, connection: &mut PgConnection) -> QueryResult<()> {
        let now = Instant::now();
        let looks = now >= self.look_at;
        let wanted = if looks { self.wanted() } else { Vec::new() };
        if looks {
            // Also without room for anything: the next attempt that ends looks again.
            self.look_at = now + jittered(self.settings.poll);
        }
        if wanted.is_empty() && self.unwritten.is_empty() {
            return Ok(());
        }
        let unwritten = &self.unwritten;
        let (held, claimed) = connection.transaction(|connection| {
            let held = settle(connection, unwritten)?;
            let claim = |(handler, room): &(Arc<Handler>, usize)| {
                let policy = handler.policy;
                store::claim(connection, policy.name, *room, policy.lease)
            };
            QueryResult::Ok((held, wanted.iter().map(claim).collect::<QueryResult<Vec<_>>>()?))
        })?;
        for settlement in std::mem::take(&mut self.unwritten) {
            settlement.tell(held.contains(&settlement.held), &self.metrics);
        }
        for ((handler, _), jobs) in wanted.iter().zip(claimed) {
            jobs.into_iter().for_each(|job| self.begin(handler, job, now));
        }
        Ok(())
    }

    /// Each kind with the number of jobs that it has room for.
    fn wanted(&self) -> Vec<(Arc<Handler>, usize)> {
        if self.deadline.is_some() {
            return Vec::new();
        }
        let room = |handler: Arc<Handler>| {
            let policy = handler.policy;
            let busy = self.running.values().filter(|job| job.policy.name == policy.name).count();
            (handler, policy.at_once.saturating_sub(busy))
        };
        self.registry.all().into_iter().map(room).filter(|(_, room)| *room > 0).collect()
    }

    fn begin(&mut self, handler: &Arc<Handler>, job: Claimed, claimed: Instant) {
        let policy = handler.policy;
        let (held, number) = (job.held(), job.attempts);
        let order_key = job.order_key.clone();
        if i64::from(number) > i64::from(policy.retry.attempts) {
            self.unwritten.push(Settlement::worker_lost(policy.name, held, order_key));
            return;
        }
        let (cancel, cancelled) = oneshot::channel();
        let ticket = Ticket::new(held);
        let running = Running::new(policy, claimed, number, order_key, ticket.clone(), cancel);
        self.running.insert(held, running);
        let (handler, database) = (Arc::clone(handler), self.crew.database.clone());
        let mut report = Report::new(held, self.crew.events.clone());
        let span = tracing::info_span!("job", kind = policy.name, id = %held.id, number);
        self.crew.give(Box::new(move || {
            let begin = move || handler.begin(job, ticket, database);
            let run = async move {
                report.say(attempt(begin, policy.time_limit, cancelled).await);
            };
            actix_web::rt::spawn(run.instrument(span));
        }));
    }

    pub(super) fn measure(&mut self, connection: &mut PgConnection) -> QueryResult<()> {
        if Instant::now() >= self.measure_at && self.deadline.is_none() {
            let known = self.registry.all();
            let known = known.iter().map(|handler| handler.policy.name);
            self.metrics.measured(&depths(connection)?, known);
            self.measure_at = Instant::now() + self.settings.measure;
        }
        Ok(())
    }
}

/// Half of it to all of it, so that processes that started together do not ask together.
fn jittered(poll: Duration) -> Duration {
    let half = poll / 2;
    half + Retry { attempts: 0, base: half, cap: half }.wait(1)
}
