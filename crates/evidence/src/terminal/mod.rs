//! The terminal as a place to watch a demo.

mod bars;
mod ending;
mod ladder;
mod paint;
mod predict;
mod render;
mod values;

pub(crate) use ladder::{summary_table, whole_ladder};
pub(crate) use paint::{BAD, BOLD, DIM, GOOD, WARN, paint};

use std::fmt;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use bars::Bars;
use render::Renderer;

use crate::{Event, Needs, Sink};

/// Renders events on standard output: colours, live progress bars and tables on a terminal, the
/// same lines without them in a pipe. `NO_COLOR`, `CLICOLOR` and `CLICOLOR_FORCE` are respected.
pub struct Terminal {
    /// A mutex, as a demo may emit from several threads and lines must not mix.
    state: Mutex<State>,
    predicting: bool,
}

struct State {
    renderer: Renderer,
    bars: Bars,
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").finish_non_exhaustive()
    }
}

impl Terminal {
    /// A terminal that announces `needs` below the header.
    #[must_use]
    pub fn new(needs: Needs) -> Self {
        let state = State { renderer: Renderer::new(needs, width()), bars: Bars::new() };
        Self { state: Mutex::new(state), predicting: false }
    }

    /// Stops at each prediction for the reader's guess, where somebody sits at the terminal.
    #[must_use]
    pub fn predicting(mut self) -> Self {
        self.predicting = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        self
    }
}

impl Sink for Terminal {
    fn emit(&self, event: &Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { renderer, bars } = &mut *state;
        if let Event::Progress { .. } = event {
            bars.show(event, renderer.indent());
        }
        if matches!(event, Event::Step { .. } | Event::Finished { .. }) {
            // A bar whose work broke off would otherwise stay for ever.
            bars.clear();
        }
        let text = renderer.render(event, bars.live());
        if !text.is_empty() {
            bars.above(|| {
                let mut out = anstream::stdout().lock();
                // A reader that went away (`| head`) is no reason to fail the run.
                let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            });
        }
        if let (true, Event::Prediction { id, unit, .. }) = (self.predicting, event) {
            renderer.guessed(id, predict::ask(*unit));
        }
    }
}

/// Columns of the terminal, or of `COLUMNS`, or 100; never so many that lines are hard to read.
pub(crate) fn width() -> usize {
    let columns = || std::env::var("COLUMNS").ok()?.parse::<usize>().ok();
    let terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    terminal.or_else(columns).unwrap_or(100).clamp(40, 110)
}

#[cfg(test)]
mod tests;
