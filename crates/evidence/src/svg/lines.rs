//! Lines over a numeric axis, each named at its right end instead of in a legend.

use std::fmt::Write;

use super::axis::{Axis, compact};
use super::canvas::{Anchor, Canvas};
use super::{MARGIN, TOP, WIDTH, finite, style, text_width};
use crate::{Line, Quantity, Unit};

const HEIGHT: f64 = 240.0;
const LABEL_SIZE: f64 = 12.0;
/// Names closer than this would touch.
const NAME_DISTANCE: f64 = 15.0;
/// Up to this many different x values, each is marked.
const FEW_VALUES: usize = 8;

/// Draws the lines and returns the height used.
pub(super) fn draw(canvas: &mut Canvas, x_axis: &str, lines: &[Line], unit: Unit) -> f64 {
    let names: Vec<String> = lines.iter().map(|line| name(line, unit)).collect();
    let names_width = names.iter().map(|name| text_width(name, LABEL_SIZE));
    let right = WIDTH - MARGIN - 22.0 - names_width.fold(0.0, f64::max).min(230.0);
    let bottom = TOP + HEIGHT;
    let points = || lines.iter().flat_map(|line| &line.points);
    let most = points().map(|point| finite(point.1)).fold(0.0, f64::max);
    let y = Axis::from_zero(most, unit, (bottom, TOP));
    let marks = y.marks();
    let marks_width = marks.iter().map(|(_, label)| text_width(label, LABEL_SIZE));
    let left = MARGIN + 10.0 + marks_width.fold(0.0, f64::max);
    let x = x_scale(lines, (left, right));
    for (value, label) in marks {
        let height = y.at(value);
        canvas.line((left, height), (right, height), "grid");
        canvas.text(left - 8.0, height + 4.0, "muted", Anchor::End, &label);
    }
    draw_x_marks(canvas, &x, lines, bottom);
    canvas.line((left, bottom), (right, bottom), "base");
    canvas.text(f64::midpoint(left, right), bottom + 37.0, "muted", Anchor::Middle, x_axis);
    for (number, line) in lines.iter().enumerate() {
        draw_line(canvas, line, number % style::LINE_STYLES + 1, &x, &y);
    }
    draw_names(canvas, lines, &names, &y, right);
    bottom + 50.0
}

/// The name with the last value, which is the one people look for.
fn name(line: &Line, unit: Unit) -> String {
    let last = line.points.last().map_or(0.0, |point| finite(point.1));
    let unit = if unit == Unit::Buffers { Unit::Count } else { unit };
    format!("{} {}", line.label, Quantity { value: last, unit })
}

fn x_values(lines: &[Line]) -> Vec<f64> {
    let mut values: Vec<f64> = lines
        .iter()
        .flat_map(|line| &line.points)
        .map(|point| point.0)
        .filter(|value| value.is_finite())
        .collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

fn x_scale(lines: &[Line], span: (f64, f64)) -> Axis {
    let values = x_values(lines);
    let (low, high) = (values.first().copied(), values.last().copied());
    Axis::between(low.unwrap_or(0.0), high.unwrap_or(1.0), Unit::Count, span)
}

fn draw_x_marks(canvas: &mut Canvas, x: &Axis, lines: &[Line], bottom: f64) {
    let values = x_values(lines);
    let most = values.last().copied().unwrap_or(1.0);
    let marks: Vec<(f64, String)> = if values.len() <= FEW_VALUES {
        values.into_iter().map(|value| (value, compact(value, most, Unit::Count))).collect()
    } else {
        x.marks()
    };
    let mut free_from = 0.0;
    for (value, label) in marks {
        let at = x.at(value);
        canvas.line((at, bottom), (at, bottom + 4.0), "base");
        let half = text_width(&label, LABEL_SIZE) / 2.0;
        if at - half >= free_from {
            canvas.text(at, bottom + 18.0, "muted", Anchor::Middle, &label);
            free_from = at + half + 6.0;
        }
    }
}

fn draw_line(canvas: &mut Canvas, line: &Line, style: usize, x: &Axis, y: &Axis) {
    let at: Vec<(f64, f64)> =
        line.points.iter().map(|point| (x.at(point.0), y.at(finite(point.1)))).collect();
    let mut data = String::new();
    for (index, (x, y)) in at.iter().enumerate() {
        let _ = write!(data, "{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' });
    }
    canvas.path(&data, &format!("line line-{style}"));
    // Dots on dense lines would hide them.
    if at.len() <= 24 {
        let dots: String = at.iter().map(|&point| dot(style, point)).collect();
        canvas.path(&dots, &format!("dot-{style}"));
    }
}

/// A small shape around a point: circle, square, triangle or diamond.
fn dot(style: usize, (x, y): (f64, f64)) -> String {
    match style % 4 {
        1 => format!("M{:.1} {y:.1}a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0 -6.4 0Z", x - 3.2),
        2 => format!("M{:.1} {:.1}h6v6h-6Z", x - 3.0, y - 3.0),
        3 => format!("M{x:.1} {:.1}l4 7h-8Z", y - 4.0),
        _ => format!("M{x:.1} {:.1}l4 4l-4 4l-4 -4Z", y - 4.0),
    }
}

/// Writes the names beside the ends of their lines, pushed apart where lines end close together.
fn draw_names(canvas: &mut Canvas, lines: &[Line], names: &[String], y: &Axis, right: f64) {
    let end = |line: &Line| line.points.last().map_or(0.0, |point| finite(point.1));
    let mut order: Vec<(usize, f64)> =
        lines.iter().enumerate().map(|(index, line)| (index, y.at(end(line)))).collect();
    order.sort_by(|one, other| one.1.total_cmp(&other.1));
    for index in 1..order.len() {
        order[index].1 = order[index].1.max(order[index - 1].1 + NAME_DISTANCE);
    }
    let mut ceiling = TOP + HEIGHT;
    for place in order.iter_mut().rev() {
        place.1 = place.1.min(ceiling);
        ceiling = place.1 - NAME_DISTANCE;
    }
    for (index, at) in order {
        let style = index % style::LINE_STYLES + 1;
        canvas.path(&dot(style, (right + 12.0, at)), &format!("dot-{style}"));
        canvas.text(right + 22.0, at + 4.0, "label", Anchor::Start, &names[index]);
    }
}
