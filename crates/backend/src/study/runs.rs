//! The one demo run that goes on, and everybody who watches it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use error_handling::{Cause, Problem, ProblemType};
use evidence::{Answer, Chart, Event, Interrupt, RunOptions, Scale, Sink};
use maud::{Markup, html};
use tokio::sync::broadcast;

use super::events::{self, Place};
use super::view::RunView;

/// Messages that a slow watcher may fall behind before it gets the whole state instead.
const BACKLOG: usize = 256;

/// How long a stopping server waits for a demo to drop its scratch data.
const CLEAN_UP: Duration = Duration::from_secs(10);

/// What a watcher is told.
#[derive(Clone, Debug)]
pub(super) enum Message {
    /// Elements that changed.
    Changed(Arc<str>),
    /// The run is over; the elements were sent before.
    Finished,
    /// The server stops.
    Closed,
}

/// How the reader wants a demo to be run.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    pub(super) scale: Scale,
    pub(super) seed: u64,
    pub(super) guesses: BTreeMap<String, f64>,
}

/// The current or last run. One at a time: two would distort each other's numbers.
#[derive(Clone, Debug)]
pub struct Runs(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// A mutex, as events come from the demo's own threads, which block anyway, and rendering one
    /// takes microseconds.
    current: Mutex<Option<Run>>,
    messages: broadcast::Sender<Message>,
}

#[derive(Debug)]
struct Run {
    number: u64,
    slug: &'static str,
    view: RunView,
    interrupt: Interrupt,
}

impl Default for Runs {
    fn default() -> Self {
        Self(Arc::new(Inner {
            current: Mutex::new(None),
            messages: broadcast::Sender::new(BACKLOG),
        }))
    }
}

impl Runs {
    /// Starts a run on a thread of its own: demos block.
    pub(super) fn start(&self, answer: &'static Answer, wish: Wish) -> Result<(), Problem> {
        let interrupt = Interrupt::default();
        let options =
            RunOptions { scale: wish.scale, seed: wish.seed, interrupt: interrupt.clone() };
        self.begin(answer.slug, wish.guesses, interrupt)?;
        let runs = self.clone();
        let perform = move || {
            evidence::run(answer, &options, Arc::new(runs));
        };
        let thread = std::thread::Builder::new().name(format!("demo {}", answer.slug));
        thread.spawn(perform).map(drop).map_err(|_| {
            *self.lock() = None;
            Problem::internal(Cause::new("thread"))
        })
    }

    /// Makes a new run the current one, unless one is going on.
    fn begin(
        &self,
        slug: &'static str,
        guesses: BTreeMap<String, f64>,
        interrupt: Interrupt,
    ) -> Result<(), Problem> {
        let mut current = self.lock();
        if let Some(run) = current.as_ref().filter(|run| run.view.finished.is_none()) {
            let detail = format!("The demo of {} is running; one runs at a time.", run.slug);
            return Err(Problem::new(ProblemType::Conflict, detail));
        }
        let number = current.as_ref().map_or(1, |run| run.number + 1);
        let view = RunView { guesses, ..RunView::default() };
        *current = Some(Run { number, slug, view, interrupt });
        Ok(())
    }

    /// Asks the run to stop; tells whether there was one.
    pub(super) fn stop(&self) -> bool {
        let interrupt = self
            .lock()
            .as_ref()
            .filter(|run| run.view.finished.is_none())
            .map(|run| run.interrupt.clone());
        // Not under the lock: a hook may take its time, and events must flow meanwhile.
        interrupt.as_ref().map(Interrupt::request).is_some()
    }

    /// Sends watchers away and waits until a run that goes on has cleaned up. Blocks.
    pub fn close(&self) {
        self.stop();
        let end = Instant::now() + CLEAN_UP;
        while self.running().is_some() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.messages.send(Message::Closed);
    }

    /// The answer whose demo is going on.
    pub(super) fn running(&self) -> Option<&'static str> {
        let current = self.lock();
        current.as_ref().filter(|run| run.view.finished.is_none()).map(|run| run.slug)
    }

    /// The present state, if the current or last run belongs to this answer.
    pub(super) fn snapshot_for(&self, slug: &str) -> Option<Markup> {
        self.lock().as_ref().filter(|run| run.slug == slug).map(Run::whole)
    }

    /// The present state and what follows it, without a gap between them.
    pub(super) fn watch(&self) -> Option<(String, bool, broadcast::Receiver<Message>)> {
        let current = self.lock();
        let run = current.as_ref()?;
        let receiver = self.0.messages.subscribe();
        Some((run.state(), run.view.finished.is_some(), receiver))
    }

    /// The present state, for a watcher that fell behind.
    pub(super) fn state(&self) -> (String, bool) {
        let current = self.lock();
        let state = |run: &Run| (run.state(), run.view.finished.is_some());
        current.as_ref().map(state).unwrap_or_default()
    }

    /// A picture of the current run.
    pub(super) fn picture(&self, number: u64, id: &str) -> Option<String> {
        let current = self.lock();
        let run = current.as_ref().filter(|run| run.number == number)?;
        run.view.chart(id).map(Chart::to_svg)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Run>> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run {
    /// The number keeps a browser from showing the last run's picture.
    fn place(&self) -> Place {
        Place { prefix: "live", pictures: format!("/runs/{}/charts", self.number) }
    }

    fn whole(&self) -> Markup {
        events::whole(&self.view, &self.place())
    }

    fn state(&self) -> String {
        html! { (self.whole()) (events::status(&self.view)) (events::tally(&self.view)) }.0
    }
}

impl Sink for Runs {
    fn emit(&self, event: &Event) {
        let mut current = self.lock();
        let Some(run) = current.as_mut() else { return };
        let change = run.view.apply(event);
        // Without a watcher nothing is rendered; sending fails then, and that is fine.
        if self.0.messages.receiver_count() > 0 {
            let html = events::changed(&run.view, change, &run.place()).0;
            let _ = self.0.messages.send(Message::Changed(html.into()));
        }
        if matches!(event, Event::Finished { .. }) {
            let _ = self.0.messages.send(Message::Finished);
        }
    }
}
