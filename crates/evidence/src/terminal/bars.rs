//! Progress bars that live below the text while work goes on.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::svg::rounded_label;
use crate::{Event, Unit};

/// The bars on screen; none where standard output is no terminal.
pub(super) struct Bars {
    screen: MultiProgress,
    bars: BTreeMap<u32, ProgressBar>,
    live: bool,
}

impl Bars {
    pub(super) fn new() -> Self {
        let live = std::io::stdout().is_terminal();
        let target = if live { ProgressDrawTarget::stdout() } else { ProgressDrawTarget::hidden() };
        Self { screen: MultiProgress::with_draw_target(target), bars: BTreeMap::new(), live }
    }

    /// Whether bars are drawn; otherwise their beginning and end are told in lines.
    pub(super) fn live(&self) -> bool {
        self.live
    }

    /// Draws the state that a progress event tells; a finished bar goes away.
    pub(super) fn show(&mut self, event: &Event, indent: usize) {
        let Event::Progress { bar, label, done, total, unit, elapsed_ms } = event else { return };
        if !self.live {
            return;
        }
        if done == total {
            if let Some(shown) = self.bars.remove(bar) {
                shown.finish_and_clear();
                self.screen.remove(&shown);
            }
            return;
        }
        let screen = &self.screen;
        let shown = self.bars.entry(*bar).or_insert_with(|| {
            let bar = screen.add(ProgressBar::new(*total).with_style(style(indent)));
            bar.set_prefix(label.clone());
            bar
        });
        shown.set_position(*done);
        shown.set_message(state(*done, *total, unit, Duration::from_millis(*elapsed_ms)));
    }

    /// Removes whatever is left.
    pub(super) fn clear(&mut self) {
        for bar in std::mem::take(&mut self.bars).into_values() {
            bar.finish_and_clear();
            self.screen.remove(&bar);
        }
    }

    /// Writes text above the bars.
    pub(super) fn above(&self, write: impl FnOnce()) {
        if self.bars.is_empty() { write() } else { self.screen.suspend(write) }
    }
}

fn style(indent: usize) -> ProgressStyle {
    let template = format!("{:indent$}{{prefix}}  {{wide_bar:.cyan}}  {{msg}}", "");
    // The template is ours; were it ever malformed, a plain bar is better than none.
    ProgressStyle::with_template(&template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸┄")
}

/// Share, rate and time left: ` 43 % · 710k rows/s · 3 s left`.
fn state(done: u64, total: u64, unit: &str, elapsed: Duration) -> String {
    let share = done as f64 / total.max(1) as f64;
    let percent = (share * 100.0).floor();
    if done == 0 || elapsed.is_zero() {
        return format!("{percent:>3.0} %");
    }
    let left = elapsed.mul_f64((1.0 - share) / share);
    format!("{percent:>3.0} % · {} · {} left", rate(done, unit, elapsed), span(left))
}

/// Units per second to two digits: `710k rows/s`.
pub(super) fn rate(done: u64, unit: &str, elapsed: Duration) -> String {
    let rate = done as f64 / elapsed.as_secs_f64().max(1e-3);
    format!("{} {unit}/s", rounded_label(rate, Unit::Count))
}

/// A length of time as people say it while waiting.
fn span(time: Duration) -> String {
    match time.as_secs() {
        0 => "< 1 s".to_owned(),
        seconds @ 1..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_tells_share_rate_and_time_left() {
        let text = state(250_000, 1_000_000, "rows", Duration::from_millis(500));
        assert_eq!(text, " 25 % · 500k rows/s · 1 s left");
        assert_eq!(state(0, 10, "rows", Duration::ZERO), "  0 %");
        assert_eq!(span(Duration::from_millis(80)), "< 1 s");
        assert_eq!(span(Duration::from_secs(80)), "1 min 20 s");
    }
}
