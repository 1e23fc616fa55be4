//! Who was busy when.

use std::fmt::Write;

use super::axis::Axis;
use super::canvas::{Anchor, Canvas};
use super::{MARGIN, TOP, WIDTH, finite, text_width};
use crate::{TimelineRow, Unit};

const ROW: f64 = 24.0;
const THICKNESS: f64 = 15.0;

/// Draws the rows and returns the height used.
pub(super) fn draw(canvas: &mut Canvas, rows: &[TimelineRow]) -> f64 {
    let label_width = rows.iter().map(|row| text_width(&row.label, 12.0)).fold(40.0, f64::max);
    let (left, right) = (MARGIN + label_width + 12.0, WIDTH - MARGIN - 24.0);
    let last =
        rows.iter().flat_map(|row| &row.spans).map(|span| finite(span.1)).fold(0.0, f64::max);
    let axis = Axis::between(0.0, last, Unit::Seconds, (left, right));
    let bottom = TOP + ROW * rows.len() as f64;
    for (value, label) in axis.marks() {
        let x = axis.at(value);
        canvas.line((x, TOP - 4.0), (x, bottom), "grid");
        canvas.text(x, bottom + 17.0, "muted", Anchor::Middle, &label);
    }
    for (index, row) in rows.iter().enumerate() {
        let middle = TOP + ROW * (index as f64 + 0.5) - 2.0;
        canvas.text(left - 10.0, middle + 4.0, "label", Anchor::End, &row.label);
        let spans = merged(&row.spans, &axis);
        canvas.path(&boxes(&spans, middle - THICKNESS / 2.0), "span");
    }
    canvas.line((left, bottom), (right, bottom), "base");
    bottom + 28.0
}

/// Spans in drawing units; those with no visible gap between them become one, so that thousands
/// of them do not make a picture of megabytes.
fn merged(spans: &[(f64, f64)], axis: &Axis) -> Vec<(f64, f64)> {
    let mut places: Vec<(f64, f64)> =
        spans.iter().map(|span| (axis.at(finite(span.0)), axis.at(finite(span.1)))).collect();
    places.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut merged: Vec<(f64, f64)> = Vec::new();
    for (from, to) in places {
        let to = to.max(from + 0.8);
        match merged.last_mut() {
            Some(last) if from - last.1 < 0.4 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

fn boxes(spans: &[(f64, f64)], top: f64) -> String {
    let mut data = String::new();
    for (from, to) in spans {
        let _ = write!(data, "M{from:.1} {top:.1}h{:.1}v{THICKNESS}h-{:.1}Z", to - from, to - from);
    }
    data
}
