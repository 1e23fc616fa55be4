//! Puts one way of calling under load, once to count and once to time.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use evidence::{Failure, Interrupt, Interrupted};
use tokio::runtime::{Builder, Runtime};

use crate::pulse::{Heartbeat, Metronome, PERIOD, Pulse};
use crate::rungs::CallAll;
use crate::service::Service;

/// Worker threads of the runtime, however many cores there are.
pub const WORKERS: usize = 2;
/// Threads that `spawn_blocking` may start; Tokio's own default is 512.
pub const BLOCKING_THREADS: usize = 32;
/// Beats of the metronome that answers are held for once the calls in flight are as many as
/// predicted, lest there be more. Longer than [`crate::pulse::STALL`], so a worker that is held by
/// a call stalls the heartbeat for sure.
pub const STILL: u64 = 32;
/// Beats that fewer calls are waited with: a prediction that was wrong, not a machine that is busy.
const PATIENCE: u64 = 2_500;

/// What is tried, and how.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The way of calling.
    pub call_all: CallAll,
    /// How many calls it makes.
    pub calls: usize,
    /// How many of them theory has in flight at once. Counting waits for as many; whether there
    /// were fewer or more is then seen.
    pub predicted: usize,
    /// Beats of the metronome that counting waits for the rest when there are fewer.
    pub patience: u64,
    /// How many threads `spawn_blocking` may start.
    pub blocking_threads: usize,
    /// Ends the trial early.
    pub interrupt: Interrupt,
}

/// Counts that decide; apart from the heartbeats they are the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The most calls that were in flight at once.
    pub peak: u64,
    /// Threads that the calls occupied, for however short a time.
    pub threads: u64,
    /// Calls that were answered.
    pub answered: u64,
    /// Heartbeats while every call in flight was held, for [`STILL`] beats of the metronome.
    pub beats_while_held: u64,
    /// Stalls of the heartbeat.
    pub stalls: u64,
}

/// Times and what happened meanwhile.
#[derive(Clone, Debug)]
pub struct Timed {
    /// From the first call to the last answer.
    pub took: Duration,
    /// The heartbeat.
    pub pulse: Pulse,
}

impl Trial {
    /// A trial with the usual number of blocking threads, which nobody interrupts.
    #[must_use]
    pub fn new(call_all: CallAll, calls: usize, predicted: usize) -> Self {
        Self {
            call_all,
            calls,
            predicted,
            patience: PATIENCE,
            blocking_threads: BLOCKING_THREADS,
            interrupt: Interrupt::default(),
        }
    }

    /// Holds every answer until as many calls as predicted wait and no further one comes, then
    /// opens: what is in flight at once is counted without a race against a clock.
    ///
    /// # Errors
    /// Whatever a call returns, and [`Interrupted`].
    pub fn count(&self) -> Result<Counted, Failure> {
        let service = Service::holding();
        let mut beats_while_held = 0;
        let timed = self.perform(&service, |held| {
            beats_while_held = held.until_still(self.predicted as u64, self.patience);
        })?;
        Ok(Counted {
            peak: service.peak(),
            threads: service.threads(),
            answered: service.answered(),
            beats_while_held,
            stalls: timed.pulse.stalls,
        })
    }

    /// Makes the calls to a service that answers.
    ///
    /// # Errors
    /// As [`Trial::count`].
    pub fn time(&self, service: &Arc<Service>) -> Result<Timed, Failure> {
        self.perform(service, |_| ())
    }

    /// Calls on a thread of its own, while `watch` looks on from this one.
    fn perform(
        &self,
        service: &Arc<Service>,
        watch: impl FnOnce(&Held<'_>),
    ) -> Result<Timed, Failure> {
        let runtime = runtime(self.blocking_threads)?;
        let metronome = Metronome::start()?;
        let heartbeat = Heartbeat::start(runtime.handle(), &metronome);
        let hurried = Arc::clone(service);
        let _hook = self.interrupt.on_request(move || hurried.hurry());
        let began = Instant::now();
        let (outcome, took) = thread::scope(|scope| {
            let calling = scope.spawn(|| {
                let outcome = (self.call_all)(&runtime, service, self.calls);
                (outcome, began.elapsed())
            });
            let (service, metronome, heartbeat) = (service.as_ref(), &metronome, &heartbeat);
            watch(&Held { service, metronome, heartbeat, ended: &|| calling.is_finished() });
            service.open();
            calling.join().unwrap_or_else(|_| (Err("a rung panicked".into()), began.elapsed()))
        });
        let pulse = heartbeat.stop();
        outcome?;
        if self.interrupt.requested() { Err(Interrupted.into()) } else { Ok(Timed { took, pulse }) }
    }
}

/// Calls whose answers are held.
struct Held<'trial> {
    service: &'trial Service,
    metronome: &'trial Metronome,
    heartbeat: &'trial Heartbeat,
    ended: &'trial dyn Fn() -> bool,
}

impl Held<'_> {
    /// Waits until as many calls as predicted are in flight and have been for [`STILL`] beats of
    /// the metronome; tells how often the heart beat meanwhile.
    fn until_still(&self, predicted: u64, patience: u64) -> u64 {
        // In flight is read first: once every worker is held, no heartbeat can slip in after it.
        let look = || (self.service.in_flight(), self.metronome.beats(), self.heartbeat.beats());
        let mut since = look();
        while !self.service.is_open() && !(self.ended)() {
            thread::sleep(PERIOD);
            let now = look();
            let still = now.1 - since.1;
            if now.0 != since.0 {
                since = now;
            } else if still >= patience || (still >= STILL && now.0 >= predicted) {
                return now.2 - since.2;
            }
        }
        0
    }
}

/// A runtime whose workers share their tasks. An actix worker is a runtime of one thread instead,
/// so there a blocked worker stalls its own connections and nobody helps out.
///
/// # Errors
/// When the system refuses threads.
pub fn runtime(blocking_threads: usize) -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(blocking_threads)
        .enable_time()
        .build()
}
