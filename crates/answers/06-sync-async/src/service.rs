//! What every rung calls: something slow that counts how many wait for it at once.

use std::collections::HashSet;
use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::compute::mixed;
use crate::gate::Gate;

/// A slow service, as its callers see it: [`ask`](Self::ask) and
/// [`ask_blocking`](Self::ask_blocking) wait for it, [`compute`](Self::compute) does its work here.
#[derive(Debug)]
pub struct Service {
    answers_after: Duration,
    rounds: u64,
    gate: Gate,
    hurried: AtomicBool,
    began: Instant,
    /// One mutex around all counts, so that they are of one moment; never held while waiting.
    ledger: Mutex<Ledger>,
}

/// When a thread was occupied by a call, counted from the making of the service.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Whose time it was.
    pub thread: ThreadId,
    /// When it began.
    pub from: Duration,
    /// When the thread was free again.
    pub to: Duration,
}

#[derive(Debug, Default)]
struct Ledger {
    in_flight: u64,
    peak: u64,
    answered: u64,
    cpu: Duration,
    spans: Vec<Span>,
}

impl Service {
    /// One that answers each call this long after it came.
    #[must_use]
    pub fn answering_after(latency: Duration) -> Arc<Self> {
        Self::with(latency, 0, true)
    }

    /// One whose answers take that many rounds of computing.
    #[must_use]
    pub fn computing(rounds: u64) -> Arc<Self> {
        Self::with(Duration::ZERO, rounds, true)
    }

    /// One that answers nobody before [`open`](Self::open), and everybody at once from then on.
    #[must_use]
    pub fn holding() -> Arc<Self> {
        Self::with(Duration::ZERO, 0, false)
    }

    fn with(answers_after: Duration, rounds: u64, open: bool) -> Arc<Self> {
        Arc::new(Self {
            answers_after,
            rounds,
            gate: Gate::new(open),
            hurried: AtomicBool::new(false),
            began: Instant::now(),
            ledger: Mutex::default(),
        })
    }

    /// Waits for the answer and keeps the thread all the while.
    pub fn ask_blocking(&self) {
        let call = self.arrive();
        let began = Instant::now();
        self.gate.pass_blocking();
        thread::sleep(self.latency());
        self.occupied(began);
        call.answered();
    }

    /// Waits for the answer and gives the thread back meanwhile.
    pub async fn ask(&self) {
        let call = self.arrive();
        let mut wait = pin!(async {
            self.gate.pass().await;
            tokio::time::sleep(self.latency()).await;
        });
        // Polled by hand only to note how long each poll occupies the thread.
        poll_fn(|context| {
            let began = Instant::now();
            let poll = wait.as_mut().poll(context);
            self.occupied(began);
            poll
        })
        .await;
        call.answered();
    }

    /// Works the answer out on this thread, and on and on while answers are held.
    pub fn compute(&self) -> u64 {
        let call = self.arrive();
        let (began, cpu) = (Instant::now(), thread_cpu());
        let mut digest = if self.is_hurried() { 0 } else { mixed(1, self.rounds) };
        while !self.gate.is_open() {
            digest = mixed(digest, 1_000);
        }
        self.occupied(began);
        self.ledger().cpu += thread_cpu().saturating_sub(cpu);
        call.answered();
        // Callers throw it away, and the compiler must not throw the work away with it.
        black_box(digest)
    }

    /// Answers everybody who waits, and whoever comes from now on.
    pub fn open(&self) {
        self.gate.open();
    }

    /// Answers everybody at once: the reader has asked to stop.
    pub fn hurry(&self) {
        self.hurried.store(true, Ordering::SeqCst);
        self.gate.open();
    }

    /// Whether answers are no longer held.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.gate.is_open()
    }

    /// Calls that wait for their answer now.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.ledger().in_flight
    }

    /// The most calls that ever waited at once.
    #[must_use]
    pub fn peak(&self) -> u64 {
        self.ledger().peak
    }

    /// Calls that got their answer.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.ledger().answered
    }

    /// Processor time that all calls of [`compute`](Self::compute) took together.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        self.ledger().cpu
    }

    /// How many threads the calls occupied, for however short a time.
    #[must_use]
    pub fn threads(&self) -> u64 {
        let ledger = self.ledger();
        let threads: HashSet<ThreadId> = ledger.spans.iter().map(|span| span.thread).collect();
        threads.len() as u64
    }

    /// Which thread was occupied when.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        self.ledger().spans.clone()
    }

    /// When the service was made; spans count from here.
    #[must_use]
    pub fn began(&self) -> Instant {
        self.began
    }

    fn is_hurried(&self) -> bool {
        self.hurried.load(Ordering::SeqCst)
    }

    fn latency(&self) -> Duration {
        if self.is_hurried() { Duration::ZERO } else { self.answers_after }
    }

    fn arrive(&self) -> Call<'_> {
        let mut ledger = self.ledger();
        ledger.in_flight += 1;
        ledger.peak = ledger.peak.max(ledger.in_flight);
        Call { service: self }
    }

    fn occupied(&self, since: Instant) {
        let thread = thread::current().id();
        let (from, to) = (since.duration_since(self.began), self.began.elapsed());
        self.ledger().spans.push(Span { thread, from, to });
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call under way; it ends when dropped, also where its caller gives up.
struct Call<'service> {
    service: &'service Service,
}

impl Call<'_> {
    fn answered(self) {
        self.service.ledger().answered += 1;
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.service.ledger().in_flight -= 1;
    }
}

/// Processor time of this thread: unlike the clock on the wall, it does not run while others do.
fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
