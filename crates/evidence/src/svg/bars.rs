//! Horizontal bars, one per variant.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas};
use super::{MARGIN, TOP, WIDTH, finite, style, text_width};
use crate::{Bar, Quantity, Unit};

const ROW: f64 = 30.0;
const THICKNESS: f64 = 17.0;
const LABEL_SIZE: f64 = 12.0;
const MARK_WIDTH: f64 = 20.0;
/// Labels longer than this are broken into two lines.
const LABEL_LETTERS: usize = 36;

/// Draws the bars and returns the height used.
pub(super) fn draw(canvas: &mut Canvas, bars: &[Bar], unit: Unit, logarithmic: bool) -> f64 {
    let labels: Vec<Vec<String>> = bars.iter().map(|bar| broken(&bar.label)).collect();
    let label_width = labels.iter().flatten().map(|line| text_width(line, LABEL_SIZE));
    let marks = if bars.iter().any(|bar| bar.rung.is_some()) { MARK_WIDTH } else { 0.0 };
    let left = MARGIN + label_width.fold(40.0, f64::max) + marks + 10.0;
    let value_width = bars.iter().map(|bar| text_width(&value_text(bar, unit), LABEL_SIZE + 1.0));
    let right = WIDTH - MARGIN - 10.0 - value_width.fold(30.0, f64::max);
    let values: Vec<f64> = bars.iter().flat_map(ends).collect();
    let axis = if logarithmic {
        Axis::logarithmic(&values, unit, (left, right))
    } else {
        Axis::from_zero(values.iter().copied().fold(0.0, f64::max), unit, (left, right))
    };
    let bottom = TOP + ROW * bars.len() as f64;
    for (value, label) in axis.marks() {
        let x = axis.at(value);
        canvas.line((x, TOP - 4.0), (x, bottom), "grid");
        canvas.text(x, bottom + 17.0, "muted", Anchor::Middle, &label);
    }
    for (row, (bar, label)) in bars.iter().zip(&labels).enumerate() {
        let middle = TOP + ROW * (row as f64 + 0.5) - 2.0;
        draw_label(canvas, bar, label, (left, marks), middle);
        draw_bar(canvas, bar, &axis, (left, middle), unit);
    }
    canvas.line((left, TOP - 4.0), (left, bottom), "base");
    bottom + 28.0
}

fn draw_label(
    canvas: &mut Canvas,
    bar: &Bar,
    label: &[String],
    (left, marks): (f64, f64),
    middle: f64,
) {
    if let Some(kind) = bar.rung {
        let class = format!("mark ink-{}", style::rung(bar.rung));
        canvas.text(left - 15.0, middle + 4.5, &class, Anchor::Middle, kind.mark());
    }
    let first = middle + 4.0 - 6.5 * (label.len() as f64 - 1.0);
    for (line, text) in label.iter().enumerate() {
        let (x, y) = (left - 10.0 - marks, first + 13.0 * line as f64);
        canvas.text(x, y, "label", Anchor::End, text);
    }
}

fn draw_bar(canvas: &mut Canvas, bar: &Bar, axis: &Axis, (left, middle): (f64, f64), unit: Unit) {
    let value = finite(bar.value);
    // A value above nothing is never drawn as nothing.
    let least = if value > 0.0 { 2.0 } else { 0.0 };
    let width = (axis.at(value) - left).max(least);
    let class = format!("bar-{}", style::rung(bar.rung));
    let corner = (left, middle - THICKNESS / 2.0);
    canvas.bar(corner, (width, THICKNESS), &class, style::pattern(bar.rung));
    let mut end = left + width;
    if let Some((low, high)) = bar.spread {
        let (low, high) = (axis.at(finite(low)), axis.at(finite(high)));
        canvas.line((low, middle), (high, middle), "whisker");
        for x in [low, high] {
            canvas.line((x, middle - 4.0), (x, middle + 4.0), "whisker");
        }
        end = end.max(high);
    }
    canvas.text(end + 7.0, middle + 4.0, "value", Anchor::Start, &value_text(bar, unit));
}

/// The value as written beside the bar; the axis already says what buffers are.
fn value_text(bar: &Bar, unit: Unit) -> String {
    let unit = if unit == Unit::Buffers { Unit::Count } else { unit };
    Quantity { value: finite(bar.value), unit }.to_string()
}

fn ends(bar: &Bar) -> [f64; 3] {
    let (low, high) = bar.spread.unwrap_or((bar.value, bar.value));
    [finite(bar.value), finite(low), finite(high)]
}

/// The label in one line, or in two where it is long.
fn broken(label: &str) -> Vec<String> {
    if label.chars().count() <= LABEL_LETTERS {
        return vec![label.to_owned()];
    }
    let middle = label.chars().count() / 2;
    let spaces = label.char_indices().enumerate().filter(|(_, (_, letter))| *letter == ' ');
    match spaces.min_by_key(|(index, _)| index.abs_diff(middle)) {
        Some((_, (byte, _))) => vec![label[..byte].to_owned(), label[byte + 1..].to_owned()],
        None => vec![label.to_owned()],
    }
}
