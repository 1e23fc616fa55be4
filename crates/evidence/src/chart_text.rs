//! Charts in a terminal: Unicode blocks in a few lines.

use crate::svg::{axis_name, compact, rounded_label};
use crate::text::{fitted, letters};
use crate::{Bar, Chart, ChartKind, Line, Quantity, RungKind, TimelineRow, Unit};

/// Eighths of a cell, so that short bars differ.
const EIGHTHS: [char; 9] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
/// Heights of a sparkline.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Decades below the largest value that a logarithmic bar starts at, at most.
const MOST_DECADES: f64 = 9.0;

impl Chart {
    /// Draws the chart in plain text, at most `width` columns wide (never below 40).
    #[must_use]
    pub fn to_terminal(&self, width: usize) -> String {
        let mut text = format!("{}\n{}\n", self.title, axis_name(self));
        for (_, line) in self.rows(width) {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    /// The lines below title and axis name, with the rung that colours them.
    pub(crate) fn rows(&self, width: usize) -> Vec<(Option<RungKind>, String)> {
        let width = width.max(40);
        match &self.kind {
            ChartKind::Bars { bars, logarithmic } => bar_rows(bars, self.unit, *logarithmic, width),
            ChartKind::Lines { x_axis, lines } => plain(line_rows(lines, x_axis, self.unit, width)),
            ChartKind::Histogram { bins } => plain(bin_rows(bins, self.unit, width)),
            ChartKind::Timeline { rows } => plain(timeline_rows(rows, width)),
        }
    }
}

fn plain(rows: Vec<String>) -> Vec<(Option<RungKind>, String)> {
    rows.into_iter().map(|row| (None, row)).collect()
}

fn bar_rows(
    bars: &[Bar],
    unit: Unit,
    logarithmic: bool,
    width: usize,
) -> Vec<(Option<RungKind>, String)> {
    let unit = if unit == Unit::Buffers { Unit::Count } else { unit };
    let value = |bar: &Bar| Quantity { value: bar.value, unit }.to_string();
    let label = longest(bars.iter().map(|bar| bar.label.as_str())).min(width * 2 / 5);
    let values = bars.iter().map(|bar| letters(&value(bar))).max().unwrap_or(0);
    let room = width.saturating_sub(label + values + 5).max(8);
    let most = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let least = bars.iter().map(|bar| bar.value).filter(|value| *value > 0.0);
    let low = (least.fold(f64::INFINITY, f64::min).log10() - 1e-9).floor();
    let low = low.max(most.log10() - MOST_DECADES);
    bars.iter()
        .map(|bar| {
            let share = match bar.value {
                value if value <= 0.0 || !value.is_finite() => 0.0,
                value if logarithmic => (value.log10() - low) / (most.log10() - low).max(0.1),
                value => value / most,
            };
            let mark = bar.rung.map_or(" ", RungKind::mark);
            let name = fitted(&bar.label, label);
            let least = if bar.value > 0.0 { 1 } else { 0 };
            (bar.rung, format!("{mark} {name}  {} {}", block(share, room, least), value(bar)))
        })
        .collect()
}

fn line_rows(lines: &[Line], x_axis: &str, unit: Unit, width: usize) -> Vec<String> {
    let most = lines.iter().flat_map(|line| &line.points).map(|point| point.1).fold(0.0, f64::max);
    let label = longest(lines.iter().map(|line| line.label.as_str())).min(width * 2 / 5);
    let room = width.saturating_sub(label + 28).clamp(8, 48);
    let value = |value: f64| Quantity { value, unit }.to_string();
    let mut rows: Vec<String> = lines
        .iter()
        .map(|line| {
            let ends = match (line.points.first(), line.points.last()) {
                (Some(first), Some(last)) => format!("{} → {}", value(first.1), value(last.1)),
                _ => "no points".to_owned(),
            };
            format!("  {}  {}  {ends}", fitted(&line.label, label), spark(line, most, room))
        })
        .collect();
    let xs = || lines.iter().flat_map(|line| &line.points).map(|point| point.0);
    let (low, high) = (xs().fold(f64::INFINITY, f64::min), xs().fold(0.0, f64::max));
    if low.is_finite() {
        let ends = [low, high].map(|value| compact(value, high, Unit::Count));
        rows.push(format!("  {}  {x_axis}: {} → {}", fitted("", label), ends[0], ends[1]));
    }
    rows
}

/// One block per point, or the largest value of each stretch where there are more points.
fn spark(line: &Line, most: f64, room: usize) -> String {
    let stretch = line.points.len().div_ceil(room).max(1);
    line.points
        .chunks(stretch)
        .map(|points| {
            let value = points.iter().map(|point| point.1).fold(0.0, f64::max);
            HEIGHTS[rounded(value / most.max(f64::MIN_POSITIVE) * 7.0).min(7)]
        })
        .collect()
}

fn bin_rows(bins: &[(f64, u64)], unit: Unit, width: usize) -> Vec<String> {
    let most = bins.iter().map(|bin| bin.1).max().unwrap_or(0).max(1) as f64;
    let label = bins.iter().map(|bin| letters(&rounded_label(bin.0, unit))).max().unwrap_or(0);
    let room = width.saturating_sub(label + 20).clamp(8, 48);
    bins.iter()
        .map(|&(edge, count)| {
            let bar = block(count as f64 / most, room, usize::from(count > 0));
            let edge = rounded_label(edge, unit);
            format!("  ≤ {edge:>label$}  {bar} {}", Quantity::count(count))
        })
        .collect()
}

fn timeline_rows(rows: &[TimelineRow], width: usize) -> Vec<String> {
    let label = longest(rows.iter().map(|row| row.label.as_str())).min(width * 2 / 5);
    let room = width.saturating_sub(label + 6).clamp(8, 72);
    let last = rows.iter().flat_map(|row| &row.spans).map(|span| span.1).fold(0.0, f64::max);
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells: String = (0..room)
                .map(|cell| {
                    let from = last * cell as f64 / room as f64;
                    let to = last * (cell + 1) as f64 / room as f64;
                    busy(&row.spans, from, to)
                })
                .collect();
            format!("  {}  {cells}", fitted(&row.label, label))
        })
        .collect();
    let end = compact(last, last, Unit::Seconds);
    lines.push(format!("  {}  0{end:>1$}", fitted("", label), room - 1));
    lines
}

/// A full block where at least half of the slice is busy, a light one where any of it is.
fn busy(spans: &[(f64, f64)], from: f64, to: f64) -> char {
    let covered: f64 = spans.iter().map(|span| (span.1.min(to) - span.0.max(from)).max(0.0)).sum();
    match covered / (to - from).max(f64::MIN_POSITIVE) {
        share if share >= 0.5 => '█',
        share if share > 0.0 => '░',
        _ => '·',
    }
}

/// A bar of `share` of `room` cells, at least `least` eighths long.
fn block(share: f64, room: usize, least: usize) -> String {
    let eighths = rounded(share.clamp(0.0, 1.0) * room as f64 * 8.0).max(least);
    let mut bar: String = std::iter::repeat_n('█', eighths / 8).collect();
    if !eighths.is_multiple_of(8) {
        bar.push(EIGHTHS[eighths % 8]);
    }
    bar
}

fn rounded(value: f64) -> usize {
    value.round().max(0.0) as usize
}

fn longest<'text>(texts: impl Iterator<Item = &'text str>) -> usize {
    texts.map(letters).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(label: &str, value: f64) -> Bar {
        Bar { label: label.to_owned(), value, spread: None, rung: Some(RungKind::Right) }
    }

    fn bars(values: &[(&str, f64)], logarithmic: bool) -> Chart {
        let bars = values.iter().map(|(label, value)| bar(label, *value)).collect();
        Chart {
            id: "id".to_owned(),
            title: "Title".to_owned(),
            axis: "rows".to_owned(),
            unit: Unit::Count,
            kind: ChartKind::Bars { bars, logarithmic },
        }
    }

    #[test]
    fn bars_are_as_long_as_their_values_and_fit_the_width() {
        let text = bars(&[("all", 100.0), ("half", 50.0), ("none", 0.0)], false).to_terminal(60);
        let blocks: Vec<usize> =
            text.lines().skip(2).map(|line| line.matches('█').count()).collect();
        assert_eq!(blocks[0] / 2, blocks[1]);
        assert_eq!(blocks[2], 0);
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        assert!(text.contains("✓ half"));
    }

    #[test]
    fn a_logarithmic_axis_is_named_and_shows_values_far_apart() {
        let text = bars(&[("one", 1.0), ("billion", 1e9)], true).to_terminal(80);
        assert!(text.contains("logarithmic"));
        let blocks: Vec<usize> =
            text.lines().skip(2).map(|line| line.matches(['█', '▏']).count()).collect();
        assert!(blocks[0] >= 1 && blocks[1] > 30, "{text}");
    }

    #[test]
    fn a_timeline_shows_who_was_busy_when() {
        let rows = vec![TimelineRow { label: "worker".to_owned(), spans: vec![(0.0, 1.0)] }];
        let idle = TimelineRow { label: "other".to_owned(), spans: vec![(1.0, 2.0)] };
        let lines = timeline_rows(&[rows, vec![idle]].concat(), 60);
        assert!(lines[0].contains("██·"), "{lines:?}");
        assert!(lines[1].contains("·██"), "{lines:?}");
    }
}
