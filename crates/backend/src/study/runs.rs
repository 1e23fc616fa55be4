//! Demo runs: the one that goes on, those that wait for it, and the last one of each answer.
//!
//! One at a time: two would distort each other's numbers. Read `run.rs` (one run), `place.rs` (what
//! is found where), `watching.rs` (who looks on, and what happens when they leave) and `kept.rs`
//! (what is left of a run on disk).

mod kept;
mod line;
mod run;
mod watching;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use error_handling::{Cause, Problem};
use evidence::{Answer, Chart, Event, Interrupt, RunOptions, Sink};
use maud::Markup;

use super::events;
use super::view::RunView;
use line::Line;

pub(super) use run::{Message, Wish};
pub(super) use watching::Watching;

/// How long a stopping server waits for a demo to drop its scratch data.
const CLEAN_UP: Duration = Duration::from_secs(10);

/// Every run of this server; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Runs(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// A mutex, as events come from the demo's own threads, which block anyway, and rendering one
    /// takes microseconds.
    line: Mutex<Line>,
    /// Where the last run of each answer is kept over a restart.
    folder: Option<PathBuf>,
}

/// What a run is known by once it has been asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    pub(super) number: u64,
    /// The run without the switch that goes first, where there is none to compare with yet.
    pub(super) first: Option<u64>,
    /// How many runs are in front of it.
    pub(super) position: usize,
}

/// A run as its page shows it.
pub(super) struct Shown {
    pub(super) number: u64,
    pub(super) is_over: bool,
    pub(super) whole: Markup,
    pub(super) queue: Markup,
}

impl Runs {
    /// Runs that are kept in a folder, and those of `answers` that were kept there before.
    #[must_use]
    pub fn kept_in(folder: PathBuf, answers: &'static [&'static Answer]) -> Self {
        let mut line = Line::default();
        for answer in answers {
            if let Some(view) = kept::read(&folder, answer.slug) {
                line.remember(answer, view);
            }
        }
        Self(Arc::new(Inner { line: Mutex::new(line), folder: Some(folder) }))
    }

    /// Puts a run in line and starts it when its turn comes.
    pub(super) fn ask(&self, answer: &'static Answer, wish: Wish) -> Result<Ticket, Problem> {
        let (ticket, idle) = self.lock().join(answer, wish)?;
        if idle && self.spawn().is_err() {
            self.stop(ticket.number);
            return Err(Problem::internal(Cause::new("thread")));
        }
        Ok(ticket)
    }

    /// Performs what is in line on a thread of its own: demos block.
    fn spawn(&self) -> std::io::Result<()> {
        let runs = self.clone();
        let perform = move || while runs.perform_next() {};
        std::thread::Builder::new().name("demo".to_owned()).spawn(perform).map(drop)
    }

    /// Performs the next run; false when nobody waits.
    fn perform_next(&self) -> bool {
        let Some((answer, number, options)) = self.begin() else { return false };
        let reporter = Arc::new(Reporter { runs: self.clone(), number });
        evidence::run(answer, &options, reporter);
        let kept = self.lock().find(number).and_then(kept::lines);
        if let (Some(folder), Some(lines)) = (&self.0.folder, kept) {
            kept::write(folder, answer.slug, &lines);
        }
        self.lock().finish(number);
        true
    }

    fn begin(&self) -> Option<(&'static Answer, u64, RunOptions)> {
        self.lock().begin().map(|run| {
            let interrupt: Interrupt = run.interrupt.clone();
            let Wish { scale, seed, .. } = run.wish;
            let switches = run.wish.switch.map(|one| one.name.to_owned()).into_iter().collect();
            (run.answer, run.number, RunOptions { scale, seed, interrupt, switches })
        })
    }

    /// Asks a run to stop, or takes it out of the line, with the one that was to be compared with it.
    pub(super) fn stop(&self, number: u64) {
        let interrupt = self.lock().leave(number);
        // Not under the lock: a hook may take its time, and events must flow meanwhile.
        if let Some(interrupt) = interrupt {
            interrupt.request();
        }
    }

    /// Stops every run, waits until what goes on has cleaned up, and sends watchers away. Blocks.
    pub fn close(&self) {
        let numbers = self.lock().unfinished();
        // Those that wait first, or stopping the one would start the next.
        numbers.into_iter().rev().for_each(|number| self.stop(number));
        let end = Instant::now() + CLEAN_UP;
        while self.running().is_some() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.lock().send_everybody_away();
    }

    /// The run that goes on: its number and its answer.
    pub(super) fn running(&self) -> Option<(u64, &'static Answer)> {
        self.lock().going().map(|run| (run.number, run.answer))
    }

    /// The answer that a run belongs to.
    pub(super) fn slug_of(&self, number: u64) -> Option<&'static str> {
        self.lock().find(number).map(|run| run.answer.slug)
    }

    /// The latest run of an answer, shown on its page.
    pub(super) fn latest(&self, slug: &str, switch: Option<&str>) -> Option<Shown> {
        let line = self.lock();
        let run = line.latest(slug, switch)?;
        let ahead = line.ahead_of(run.number);
        Some(Shown {
            number: run.number,
            is_over: run.is_over(),
            whole: run.whole(),
            queue: events::queue(&ahead),
        })
    }

    /// The latest run of an answer that came to its end, with nothing taken away.
    pub(super) fn measured<T>(&self, slug: &str, show: impl FnOnce(&RunView) -> T) -> Option<T> {
        self.lock().complete(slug).map(|run| show(&run.view))
    }

    /// The last two finished runs that differ by a switch alone.
    pub(super) fn pair<T>(
        &self,
        slug: &str,
        switch: &str,
        show: impl FnOnce(&RunView, &RunView) -> T,
    ) -> Option<T> {
        let line = self.lock();
        let after = line.latest(slug, Some(switch)).filter(|run| run.is_complete())?;
        let before = line.without_switch(after.answer.slug, &after.wish)?;
        Some(show(&before.view, &after.view))
    }

    /// The present state of a run and what follows it, without a gap between them.
    pub(super) fn watch(&self, number: u64) -> Option<Watching> {
        Watching::begin(self, number)
    }

    /// A picture of a run.
    pub(super) fn picture(&self, number: u64, id: &str) -> Option<String> {
        self.lock().find(number)?.view.chart(id).map(Chart::to_svg)
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        self.0.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Brings the events of one run to everybody who watches it.
struct Reporter {
    runs: Runs,
    number: u64,
}

impl Sink for Reporter {
    fn emit(&self, event: &Event) {
        let mut line = self.runs.lock();
        if let Some(run) = line.find_mut(self.number) {
            run.take(event);
        }
    }
}
