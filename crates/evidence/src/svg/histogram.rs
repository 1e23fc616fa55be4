//! How often values fell into each bin.

use super::axis::{Axis, compact};
use super::canvas::{Anchor, Canvas};
use super::{MARGIN, TOP, WIDTH, text_width};
use crate::{Quantity, Unit};

const HEIGHT: f64 = 200.0;
/// Bins narrower than this have no room for their number.
const NUMBERED_FROM: f64 = 26.0;

/// Draws the bins, all equally wide as their edges may double, and returns the height used.
pub(super) fn draw(canvas: &mut Canvas, bins: &[(f64, u64)], unit: Unit) -> f64 {
    let bottom = TOP + HEIGHT;
    let most = bins.iter().map(|bin| bin.1).max().unwrap_or(0) as f64;
    let y = Axis::from_zero(most, Unit::Count, (bottom, TOP + 10.0));
    let marks = y.marks();
    let marks_width = marks.iter().map(|(_, label)| text_width(label, 12.0));
    let left = MARGIN + 10.0 + marks_width.fold(0.0, f64::max);
    let right = WIDTH - MARGIN - 16.0;
    for (value, label) in marks {
        let height = y.at(value);
        canvas.line((left, height), (right, height), "grid");
        canvas.text(left - 8.0, height + 4.0, "muted", Anchor::End, &label);
    }
    let width = (right - left) / bins.len().max(1) as f64;
    let labels: Vec<String> =
        bins.iter().map(|bin| format!("≤ {}", rounded_label(bin.0, unit))).collect();
    let widest = labels.iter().map(|label| text_width(label, 12.0)).fold(0.0, f64::max);
    // Every second or third label where all would touch.
    let stride = ((widest + 6.0) / width).ceil() as usize;
    for (index, &(_, count)) in bins.iter().enumerate() {
        let x = left + width * index as f64;
        let top = y.at(count as f64);
        if count > 0 {
            // One value among thousands still shows.
            let height = (bottom - top).max(1.5);
            canvas.bar((x + 1.5, bottom - height), (width - 3.0, height), "bar-plain", None);
        }
        if count > 0 && width >= NUMBERED_FROM {
            let number = Quantity::count(count).to_string();
            canvas.text(x + width / 2.0, top - 5.0, "value", Anchor::Middle, &number);
        }
        if index % stride.max(1) == 0 {
            let label = &labels[index];
            canvas.text(x + width / 2.0, bottom + 18.0, "muted", Anchor::Middle, label);
        }
    }
    canvas.line((left, bottom), (right, bottom), "base");
    bottom + 30.0
}

/// An edge to three digits; `1.024 ms` would claim more than bins are for.
pub(crate) fn rounded_label(edge: f64, unit: Unit) -> String {
    if edge <= 0.0 || !edge.is_finite() {
        return compact(0.0, 1.0, unit);
    }
    let power = 10f64.powf(edge.log10().floor() - 1.0);
    let rounded = (edge / power).round() * power;
    compact(rounded, rounded, unit)
}
