//! One incident from the calm before it to the same load after the fix.

use std::time::Instant;

use evidence::{Failure, Interrupt, Interrupted};
use foundation::scratch::Scratch;

use crate::console;
use crate::faults::{Case, Fault};
use crate::load::{Load, WAVE, Wave};
use crate::service::{Action, Service};
use crate::signals::Seen;

/// Waves within which a fault must show; the slowest to fill up takes about ten.
const PATIENCE: usize = 40;

/// A service, its load, and the waves so far.
pub(crate) struct Incident {
    pub(crate) case: &'static Case,
    /// Dropped before the service, which would wait for connections that are kept alive.
    load: Load,
    pub(crate) service: Service,
    interrupt: Interrupt,
    pub(crate) waves: Vec<Wave>,
}

/// Requests that broke the objective, in each part of an incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Toll {
    pub(crate) before: u64,
    pub(crate) injected: u64,
    pub(crate) mitigated: u64,
    pub(crate) fixed: u64,
    /// Requests of the part after the fix.
    pub(crate) requests_after: u64,
}

/// When what happened, in seconds since the first wave.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    pub(crate) injected: f64,
    pub(crate) alerted: f64,
    pub(crate) mitigated: f64,
    pub(crate) fixed: f64,
    pub(crate) ended: f64,
}

/// An incident that is over.
pub(crate) struct Played {
    pub(crate) case: &'static Case,
    pub(crate) toll: Toll,
    pub(crate) marks: Marks,
    /// What was seen before the injection, at the alert, and once the failures had stopped.
    pub(crate) calm: Seen,
    pub(crate) alert: Seen,
    pub(crate) mitigated: Seen,
    pub(crate) exhibits: Vec<(String, String)>,
    /// When each wave that held a failure began and ended, in seconds.
    pub(crate) failing: Vec<(f64, f64)>,
}

impl Incident {
    pub(crate) fn start(
        scratch: &Scratch,
        fault: Fault,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        Ok(Self {
            case: fault.case(),
            load: Load::new(),
            service: Service::start(scratch)?,
            interrupt: interrupt.clone(),
            waves: Vec::new(),
        })
    }

    /// Sends one wave.
    pub(crate) fn wave(&mut self) -> Result<&Wave, Failure> {
        if self.interrupt.requested() {
            return Err(Interrupted.into());
        }
        let wave = self.load.wave(&self.service)?;
        self.waves.push(wave);
        Ok(&self.waves[self.waves.len() - 1])
    }

    /// Sends waves; how many of their requests failed.
    pub(crate) fn waves(&mut self, count: usize) -> Result<u64, Failure> {
        let mut failed = 0;
        for _ in 0..count {
            failed += self.wave()?.failed();
        }
        Ok(failed)
    }

    pub(crate) fn inject(&self) -> Result<(), Failure> {
        self.service.inject(self.case.fault)
    }

    /// Sends waves until one of them holds a failure, which is when the alert fires.
    pub(crate) fn until_alert(&mut self) -> Result<u64, Failure> {
        for _ in 0..PATIENCE {
            let failed = self.wave()?.failed();
            if failed > 0 {
                return Ok(failed);
            }
        }
        Err(format!("{} did not show within {PATIENCE} waves", self.case.title).into())
    }

    pub(crate) fn apply(&self, actions: &[Action]) -> Result<(), Failure> {
        actions.iter().try_for_each(|&action| self.service.apply(action))
    }

    pub(crate) fn fix(&self) -> Result<(), Failure> {
        self.service.repair(self.case.fault)
    }

    /// What the last wave showed.
    pub(crate) fn seen(&self) -> Seen {
        self.waves.last().map(|wave| wave.seen.clone()).unwrap_or_default()
    }

    /// Plays it as it should be: mitigate first, then the fix; `each` waves for every part.
    pub(crate) fn play(mut self, each: usize) -> Result<Played, Failure> {
        let mut toll = Toll { before: self.waves(each)?, ..Toll::default() };
        let calm = self.seen();
        let mut marks = Marks { injected: self.now(), ..Marks::default() };
        self.inject()?;
        toll.injected = self.until_alert()?;
        marks.alerted = self.now();
        let shown_after = self.waves.len() - each;
        // The evidence first: the mitigation takes it away.
        let (alert, exhibits) = (self.seen(), self.exhibits()?);
        self.apply(self.case.mitigation)?;
        marks.mitigated = self.now();
        toll.mitigated = self.waves(each)?;
        let mitigated = self.seen();
        self.fix()?;
        marks.fixed = self.now();
        // More waves than the fault took to show.
        let after = each + shown_after + 2;
        toll.fixed = self.waves(after)?;
        toll.requests_after = after as u64 * WAVE;
        marks.ended = self.now();
        let (case, failing) = (self.case, self.failing());
        Ok(Played { case, toll, marks, calm, alert, mitigated, exhibits, failing })
    }

    /// What somebody on call would paste into the incident's channel.
    fn exhibits(&self) -> Result<Vec<(String, String)>, Failure> {
        let sessions = self.service.sessions()?;
        let failed = self.service.metrics.request_log().failed(2);
        let exposition = self.service.exposition()?;
        Ok(vec![
            ("the last failed requests, with their spans".to_owned(), console::requests(&failed)),
            ("metrics of the order pool".to_owned(), console::metrics(&exposition, "order_pool")),
            ("sessions of the database".to_owned(), console::activity(&sessions)),
        ])
    }

    fn failing(&self) -> Vec<(f64, f64)> {
        let failing = self.waves.iter().filter(|wave| wave.failed() > 0);
        failing.map(|wave| (self.seconds(wave.began), self.seconds(wave.ended))).collect()
    }

    fn now(&self) -> f64 {
        self.seconds(Instant::now())
    }

    fn seconds(&self, at: Instant) -> f64 {
        let first = self.waves.first().map_or(at, |wave| wave.began);
        at.saturating_duration_since(first).as_secs_f64()
    }
}

#[cfg(test)]
mod tests;
