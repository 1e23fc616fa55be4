//! Charts as data; one renderer draws them for README, pages and report.

use serde::{Deserialize, Serialize};

use crate::Unit;

/// A picture of numbers that the run measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// Stable id; the recorded picture is `recorded/<id>.svg`.
    pub id: String,
    /// What the picture shows, as a sentence.
    pub title: String,
    /// What the value axis measures.
    pub axis: String,
    /// Unit of the values.
    pub unit: Unit,
    /// The shape.
    pub kind: ChartKind,
}

/// The shape of a [`Chart`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "shape", rename_all = "snake_case")]
pub enum ChartKind {
    /// Horizontal bars, one per variant, in the order given.
    Bars {
        /// The bars.
        bars: Vec<Bar>,
        /// Whether the axis is logarithmic, for values orders of magnitude apart.
        logarithmic: bool,
    },
    /// Lines over a numeric axis.
    Lines {
        /// Name of the horizontal axis.
        x_axis: String,
        /// The lines.
        lines: Vec<Line>,
    },
    /// How often values fell into each bin.
    Histogram {
        /// `(upper edge, number of values)` in ascending order.
        bins: Vec<(f64, u64)>,
    },
    /// Who was busy when.
    Timeline {
        /// The rows, top to bottom.
        rows: Vec<TimelineRow>,
    },
}

/// One bar, with its spread where the value was repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// Name of the variant.
    pub label: String,
    /// Length of the bar.
    pub value: f64,
    /// Lower and upper end of the whisker, where there is one.
    pub spread: Option<(f64, f64)>,
    /// Colour and pattern by rung, where the bar belongs to one.
    pub rung: Option<crate::RungKind>,
}

/// One line of a line chart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Name in the legend.
    pub label: String,
    /// `(x, y)` in ascending order of `x`.
    pub points: Vec<(f64, f64)>,
}

/// One row of a timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimelineRow {
    /// Who.
    pub label: String,
    /// `(start, end)` of each busy span in seconds since the beginning.
    pub spans: Vec<(f64, f64)>,
}
