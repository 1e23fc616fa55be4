//! The stage a demo performs on.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::{
    BlockKind, Cell, Chart, Comparison, Event, Measurement, Quantity, RungKind, Scale, Story, Unit,
};

/// Whatever stops a demo before its end; shown to the reader as it prints.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What a demo returns.
pub type Outcome = Result<(), Failure>;

/// Where events go: the terminal, a page, a recording.
pub trait Sink: Send + Sync {
    /// Takes one event. Called from whichever thread performs, so it must not block for long.
    fn emit(&self, event: &Event);
}

/// The reader asked for the run to stop.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("stopped at your request")]
pub struct Interrupted;

/// Lets somebody else stop a run: Ctrl-C in the terminal, a button on the page.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<InterruptState>);

#[derive(Default)]
struct InterruptState {
    requested: AtomicBool,
    /// A mutex, as hooks come and go a few times per run and are never on a hot path.
    hooks: Mutex<BTreeMap<u32, Box<dyn FnOnce() + Send>>>,
    next_hook: AtomicU32,
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Interrupt").field(&self.requested()).finish()
    }
}

impl Interrupt {
    /// Asks the run to stop and calls every hook once, newest first.
    pub fn request(&self) {
        self.0.requested.store(true, Ordering::SeqCst);
        let hooks = {
            let mut hooks = self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *hooks)
        };
        for (_, hook) in hooks.into_iter().rev() {
            hook();
        }
    }

    /// Whether the run has been asked to stop.
    #[must_use]
    pub fn requested(&self) -> bool {
        self.0.requested.load(Ordering::SeqCst)
    }

    /// Registers work that breaks off something long, such as a statement on the server. It is
    /// called at once if the run has been asked to stop already, and forgotten with the guard.
    #[must_use]
    pub fn on_request(&self, hook: impl FnOnce() + Send + 'static) -> HookGuard {
        let id = self.0.next_hook.fetch_add(1, Ordering::Relaxed);
        {
            let mut hooks = self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
            hooks.insert(id, Box::new(hook));
        }
        if self.requested() {
            self.request();
        }
        HookGuard { interrupt: self.clone(), id }
    }
}

/// Forgets an interrupt hook when dropped.
#[derive(Debug)]
pub struct HookGuard {
    interrupt: Interrupt,
    id: u32,
}

impl Drop for HookGuard {
    fn drop(&mut self) {
        let mut hooks = self.interrupt.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        hooks.remove(&self.id);
    }
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
        let progress = Progress {
            stage: self,
            bar: self.bars.fetch_add(1, Ordering::Relaxed),
            label: label.into(),
            total,
            unit: unit.to_owned(),
            done: 0,
            began: Instant::now(),
            shown: Instant::now(),
        };
        progress.show();
        progress
    }

    /// Begins a ladder; `title` names the fixed load that every rung is put under.
    #[must_use]
    pub fn ladder(&self, title: impl Into<String>, columns: &[&str]) -> Ladder<'_> {
        let ladder = self.ladders.fetch_add(1, Ordering::Relaxed);
        let columns: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
        let width = columns.len();
        self.emit(&Event::Ladder { ladder, title: title.into(), columns });
        Ladder { stage: self, ladder, width }
    }

    /// Puts a claim to the test. A claim that does not hold fails the whole run; the demo goes on,
    /// so that the reader sees everything that broke. Returns whether it held.
    #[allow(clippy::must_use_candidate)]
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

    /// Runs two variants alternately `rounds` times and tells which is faster, or that this cannot
    /// be told. The times inform the reader; they never decide a check.
    ///
    /// # Errors
    /// Whatever a variant returns, and [`Interrupted`].
    pub fn compare(
        &self,
        id: &str,
        label: &str,
        rounds: u32,
        left: (&str, &mut dyn FnMut() -> Outcome),
        right: (&str, &mut dyn FnMut() -> Outcome),
    ) -> Result<Comparison, Failure> {
        let comparison = crate::statistics::compare(self, id, label, rounds, left, right)?;
        self.emit(&Event::Comparison(comparison.clone()));
        Ok(comparison)
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

/// A progress bar; it ends when dropped.
#[derive(Debug)]
pub struct Progress<'stage> {
    stage: &'stage Stage,
    bar: u32,
    label: String,
    total: u64,
    unit: String,
    done: u64,
    began: Instant,
    shown: Instant,
}

impl Progress<'_> {
    /// Often enough to look alive, rarely enough not to cost anything.
    const INTERVAL: Duration = Duration::from_millis(100);

    /// Counts `units` more as done.
    ///
    /// # Errors
    /// [`Interrupted`] after a request to stop, so that `?` ends the work.
    pub fn advance(&mut self, units: u64) -> Result<(), Interrupted> {
        self.done = self.done.saturating_add(units).min(self.total);
        if self.done == self.total || self.shown.elapsed() >= Self::INTERVAL {
            self.show();
            self.shown = Instant::now();
        }
        self.stage.go_on()
    }

    fn show(&self) {
        self.stage.emit(&Event::Progress {
            bar: self.bar,
            label: self.label.clone(),
            done: self.done,
            total: self.total,
            unit: self.unit.clone(),
            elapsed_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    }
}

/// A ladder of variants under one load.
#[derive(Debug)]
pub struct Ladder<'stage> {
    stage: &'stage Stage,
    ladder: u32,
    width: usize,
}

impl Ladder<'_> {
    /// Adds a measured rung.
    ///
    /// # Panics
    /// In debug builds, when the number of cells is not the number of columns.
    pub fn rung(&self, kind: RungKind, name: impl Into<String>, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.width, "one cell for each column");
        self.stage.emit(&Event::Rung { ladder: self.ladder, kind, name: name.into(), cells });
    }
}

impl From<Quantity> for Cell {
    fn from(quantity: Quantity) -> Self {
        Self::Quantity(quantity)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
