//! The stage a demo performs on.

mod interrupt;
mod ladder;
mod progress;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use crate::{BlockKind, Chart, Event, Measurement, Quantity, Scale, Story, Unit};

pub use interrupt::{HookGuard, Interrupt, Interrupted};
pub use ladder::Ladder;
pub use progress::Progress;

/// Whatever stops a demo before its end; shown to the reader as it prints.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What a demo returns.
pub type Outcome = Result<(), Failure>;

/// Where events go: the terminal, a page, a recording.
pub trait Sink: Send + Sync {
    /// Takes one event. Called from whichever thread performs, so it must not block for long.
    fn emit(&self, event: &Event);
}

/// Where a demo performs: it says what happens, and checks what it claims.
pub struct Stage {
    sink: Arc<dyn Sink>,
    scale: Scale,
    seed: u64,
    interrupt: Interrupt,
    /// Names of the switches that are flipped, and whether the demo has looked at each.
    switches: Vec<(String, AtomicBool)>,
    bars: AtomicU32,
    ladders: AtomicU32,
    passed: AtomicU32,
    failed: AtomicU32,
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage").field("scale", &self.scale).field("seed", &self.seed).finish()
    }
}

impl Stage {
    /// A stage whose events go to `sink`.
    pub fn new(sink: Arc<dyn Sink>, scale: Scale, seed: u64, interrupt: Interrupt) -> Self {
        Self {
            sink,
            scale,
            seed,
            interrupt,
            switches: Vec::new(),
            bars: AtomicU32::new(0),
            ladders: AtomicU32::new(0),
            passed: AtomicU32::new(0),
            failed: AtomicU32::new(0),
        }
    }

    /// The same stage with these switches flipped.
    #[must_use]
    pub fn flipping(mut self, names: &[String]) -> Self {
        self.switches = names.iter().map(|name| (name.clone(), AtomicBool::new(false))).collect();
        self
    }

    /// Whether the reader flipped this switch. Asked by the demo where the switch matters, whether it
    /// is flipped or not.
    #[must_use]
    pub fn switch(&self, name: &str) -> bool {
        let flipped = self.switches.iter().find(|(flipped, _)| flipped == name);
        flipped.inspect(|(_, read)| read.store(true, Ordering::Relaxed)).is_some()
    }

    /// A flipped switch that the demo has not asked for.
    pub(crate) fn unread_switch(&self) -> Option<&str> {
        let unread = self.switches.iter().find(|(_, read)| !read.load(Ordering::Relaxed));
        unread.map(|(name, _)| name.as_str())
    }

    /// How much data to use.
    #[must_use]
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// Seed for every random choice, so that a run can be repeated.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The switch that stops this run.
    #[must_use]
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Fails once the reader has asked to stop; called between pieces of long work.
    ///
    /// # Errors
    /// [`Interrupted`] after a request to stop.
    pub fn go_on(&self) -> Result<(), Interrupted> {
        if self.interrupt.requested() { Err(Interrupted) } else { Ok(()) }
    }

    /// Completes the machine stamp with the PostgreSQL version, such as `17.6`, once a demo that
    /// needs a database has one.
    pub fn uses_postgres(&self, version: &str) {
        self.emit(&Event::Environment { postgres: version.to_owned() });
    }

    /// Begins a step.
    pub fn step(&self, title: impl Into<String>) {
        self.emit(&Event::Step { title: title.into() });
    }

    /// Tells the reader something.
    pub fn note(&self, text: impl Into<String>) {
        self.emit(&Event::Note { text: text.into() });
    }

    /// Shows code, SQL or HTTP text.
    pub fn code(&self, title: impl Into<String>, text: impl Into<String>) {
        self.block(BlockKind::Code, title.into(), text.into());
    }

    /// Shows a query plan.
    pub fn plan(&self, title: impl Into<String>, text: impl Into<String>) {
        self.block(BlockKind::Plan, title.into(), text.into());
    }

    fn block(&self, kind: BlockKind, title: String, text: String) {
        self.emit(&Event::Block { kind, title, text });
    }

    /// Tells the run as an interview story.
    pub fn story(&self, story: Story) {
        self.emit(&Event::Story(story));
    }

    /// Shows a chart.
    pub fn chart(&self, chart: Chart) {
        self.emit(&Event::Chart(chart));
    }

    /// Shows a progress bar for long work; `unit` names what is counted, such as `rows`.
    #[must_use]
    pub fn progress(&self, label: impl Into<String>, total: u64, unit: &str) -> Progress<'_> {
        let bar = self.bars.fetch_add(1, Ordering::Relaxed);
        Progress::begin(self, bar, label.into(), total, unit)
    }

    /// Begins a ladder; `title` names the fixed load that every rung is put under.
    #[must_use]
    pub fn ladder(&self, title: impl Into<String>, columns: &[&str]) -> Ladder<'_> {
        let ladder = self.ladders.fetch_add(1, Ordering::Relaxed);
        Ladder::begin(self, ladder, title.into(), columns)
    }

    /// Puts a claim to the test. A claim that does not hold fails the whole run; the demo goes on,
    /// so that the reader sees everything that broke. Returns whether it held.
    #[allow(clippy::must_use_candidate)] // Most demos only put the claim.
    pub fn check(&self, id: &str, claim: impl Into<String>, holds: bool) -> bool {
        let counter = if holds { &self.passed } else { &self.failed };
        counter.fetch_add(1, Ordering::Relaxed);
        self.emit(&Event::Check { id: id.to_owned(), claim: claim.into(), passed: holds });
        holds
    }

    /// Records a count or size that a README may quote by its id.
    pub fn measure(&self, id: &str, label: impl Into<String>, value: Quantity) {
        self.emit(&Event::Measurement(Measurement {
            id: id.to_owned(),
            label: label.into(),
            value,
            low: value.value,
            high: value.value,
            samples: 1,
        }));
    }

    /// Records repeated timings as their median and its 95 % interval.
    pub fn measure_times(&self, id: &str, label: impl Into<String>, samples: &[Duration]) {
        self.emit(&Event::Measurement(crate::statistics::median_of(id, label.into(), samples)));
    }

    /// Invites the reader to guess before the measurement.
    pub fn predict(&self, id: &str, question: impl Into<String>, unit: Unit) {
        self.emit(&Event::Prediction { id: id.to_owned(), question: question.into(), unit });
    }

    /// Answers a prediction.
    pub fn reveal(&self, id: &str, value: Quantity) {
        self.emit(&Event::Reveal { id: id.to_owned(), value });
    }

    /// Number of checks that held and that did not, so far.
    #[must_use]
    pub fn tally(&self) -> (u32, u32) {
        (self.passed.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed))
    }

    pub(crate) fn emit(&self, event: &Event) {
        self.sink.emit(event);
    }
}
