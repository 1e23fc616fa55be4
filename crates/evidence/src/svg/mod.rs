//! The one renderer of charts: the same picture in README, page and report.
//!
//! Own code, instead of a plotting crate: those embed fonts or fixed colours, while this needs
//! CSS custom properties, a dark variant and text that a screen reader can read.

mod axis;
mod bars;
mod canvas;
mod histogram;
mod lines;
mod style;
mod timeline;

pub(crate) use axis::compact;
pub(crate) use histogram::rounded_label;

use canvas::{Anchor, Canvas};

use crate::text::wrap;
use crate::{Chart, ChartKind, Quantity, Unit};

/// Width of the drawing in its own units; pages scale it to the space they have.
const WIDTH: f64 = 720.0;
/// Empty space at the edges.
const MARGIN: f64 = 12.0;
/// Where the plot begins, below title and axis name.
const TOP: f64 = 62.0;
/// What fits into one line of the title, and of the axis name below it.
const TITLE_LETTERS: usize = 82;
const AXIS_LETTERS: usize = 100;

impl Chart {
    /// Draws the chart as one self-contained SVG element: no script, no outside reference.
    ///
    /// Colours are CSS custom properties (`--chart-ink`, `--chart-muted`, `--chart-grid`,
    /// `--chart-wrong`, `--chart-tempting`, `--chart-right`, `--chart-costly`, `--chart-plain`,
    /// `--chart-line-1` to `-6`) with fallbacks for light and dark. Rungs differ in pattern and
    /// mark as well, so nothing rests on colour alone. Ids inside are prefixed with the chart's.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let mut canvas = Canvas::new(prefix(&self.id));
        let shift = heading(&mut canvas, self);
        canvas.open_shifted(shift);
        let height = match &self.kind {
            ChartKind::Bars { bars, logarithmic } => {
                bars::draw(&mut canvas, bars, self.unit, *logarithmic)
            }
            ChartKind::Lines { x_axis, lines } => {
                lines::draw(&mut canvas, x_axis, lines, self.unit)
            }
            ChartKind::Histogram { bins } => histogram::draw(&mut canvas, bins, self.unit),
            ChartKind::Timeline { rows } => timeline::draw(&mut canvas, rows),
        };
        canvas.finish(height + shift, &self.title, &describe(self))
    }
}

/// Writes title and axis name; returns how far they push down what follows.
fn heading(canvas: &mut Canvas, chart: &Chart) -> f64 {
    let mut y = 24.0;
    let lines = wrap(&chart.title, TITLE_LETTERS);
    for line in &lines {
        canvas.text(MARGIN, y, "title", Anchor::Start, line);
        y += 19.0;
    }
    for line in wrap(&axis_name(chart), AXIS_LETTERS) {
        canvas.text(MARGIN, y + 1.0, "muted", Anchor::Start, &line);
        y += 16.0;
    }
    y - 59.0
}

/// What the values are and how their axis is divided.
pub(crate) fn axis_name(chart: &Chart) -> String {
    let logarithmic = matches!(chart.kind, ChartKind::Bars { logarithmic: true, .. });
    let unit = match chart.unit {
        Unit::Buffers if !chart.axis.contains("buffers") => ", in buffers of 8 KiB",
        Unit::PerSecond if !chart.axis.contains("per second") => ", per second",
        _ => "",
    };
    let scale = if logarithmic { " (logarithmic axis)" } else { "" };
    format!("{}{unit}{scale}", chart.axis)
}

/// The numbers as a sentence, for those who cannot see the picture.
fn describe(chart: &Chart) -> String {
    let value = |value: f64| Quantity { value: finite(value), unit: chart.unit }.to_string();
    let parts: Vec<String> = match &chart.kind {
        ChartKind::Bars { bars, .. } => {
            bars.iter().map(|bar| format!("{}: {}", bar.label, value(bar.value))).collect()
        }
        ChartKind::Lines { x_axis, lines } => lines
            .iter()
            .filter_map(|line| {
                let (first, last) = (line.points.first()?, line.points.last()?);
                Some(format!(
                    "{}: {} at {x_axis} {}, {} at {}",
                    line.label,
                    value(first.1),
                    first.0,
                    value(last.1),
                    last.0
                ))
            })
            .collect(),
        ChartKind::Histogram { bins } => bins
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(edge, count)| format!("{count} up to {}", value(*edge)))
            .collect(),
        ChartKind::Timeline { rows } => rows
            .iter()
            .map(|row| format!("{}: busy {} times", row.label, row.spans.len()))
            .collect(),
    };
    format!("{}. {}.", axis_name(chart), parts.join("; "))
}

/// Letters, digits and hyphens of an id, so that it can prefix ids inside the picture.
fn prefix(id: &str) -> String {
    let kept: String = id
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
        .collect();
    format!("chart-{kept}")
}

/// Rough width of text in the sans-serif fonts of the style; errs on the wide side.
fn text_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * 0.56
}

/// Infinite and undefined values have no place on an axis; they are drawn as zero.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value.max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests;
