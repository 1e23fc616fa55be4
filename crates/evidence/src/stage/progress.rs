//! How far long work has come.

use std::time::{Duration, Instant};

use crate::{Event, Interrupted, Stage};

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

impl<'stage> Progress<'stage> {
    /// Often enough to look alive, rarely enough not to cost anything.
    const INTERVAL: Duration = Duration::from_millis(100);

    pub(super) fn begin(
        stage: &'stage Stage,
        bar: u32,
        label: String,
        total: u64,
        unit: &str,
    ) -> Self {
        let (began, unit) = (Instant::now(), unit.to_owned());
        let progress = Self { stage, bar, label, total, unit, done: 0, began, shown: began };
        progress.show();
        progress
    }

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
