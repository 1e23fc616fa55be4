//! Where a value lies on an axis, and which values are marked on it.

use crate::Unit;

/// About this many marks on a linear axis.
const MARKS: f64 = 5.0;
/// More decades than this are marked at every second one.
const MOST_DECADES: i32 = 8;

/// One axis of a chart: values on one side, drawing coordinates on the other.
pub(super) struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    step: Step,
    unit: Unit,
}

/// How marks follow one another.
#[derive(Clone, Copy)]
enum Step {
    /// Each mark lies this much above the last.
    Add(f64),
    /// Each mark is ten to this power times the last.
    Decades(i32),
}

impl Axis {
    /// A linear axis from zero to the first mark at or above `max`.
    pub(super) fn from_zero(max: f64, unit: Unit, span: (f64, f64)) -> Self {
        let max = if max > 0.0 { max } else { 1.0 };
        let step = nice_step(max, unit);
        let high = (max / step - 1e-9).ceil().max(1.0) * step;
        Self { low: 0.0, high, from: span.0, to: span.1, step: Step::Add(step), unit }
    }

    /// A linear axis that ends exactly at the smallest and the largest value.
    pub(super) fn between(low: f64, high: f64, unit: Unit, span: (f64, f64)) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        let step = Step::Add(nice_step(high - low, unit));
        Self { low, high, from: span.0, to: span.1, step, unit }
    }

    /// A logarithmic axis over whole decades around the positive values.
    pub(super) fn logarithmic(values: &[f64], unit: Unit, span: (f64, f64)) -> Self {
        let positive = || values.iter().copied().filter(|value| *value > 0.0);
        let least = positive().fold(f64::INFINITY, f64::min);
        let most = positive().fold(0.0, f64::max);
        if most == 0.0 {
            return Self::from_zero(1.0, unit, span);
        }
        // The decade strictly below the smallest value, so that its bar has a length; but no
        // fractions of things that come whole.
        let whole = matches!(unit, Unit::Count | Unit::Buffers | Unit::Bytes);
        let mut first = (least.log10() - 1e-9).ceil() as i32 - 1;
        if whole {
            first = first.max(0);
        }
        let last = ((most.log10() - 1e-9).ceil() as i32).max(first + 1);
        let every = if last - first > MOST_DECADES { 2 } else { 1 };
        let (low, high) = (10f64.powi(first), 10f64.powi(last));
        Self { low, high, from: span.0, to: span.1, step: Step::Decades(every), unit }
    }

    /// Where `value` is drawn; values off the axis land on its nearer end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = match self.step {
            Step::Add(_) => (value - self.low) / (self.high - self.low),
            Step::Decades(_) if value <= self.low => 0.0,
            Step::Decades(_) => (value / self.low).log10() / (self.high / self.low).log10(),
        };
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// The marked values with their labels.
    pub(super) fn marks(&self) -> Vec<(f64, String)> {
        let mut marks = Vec::new();
        match self.step {
            Step::Add(step) => {
                let mut value = (self.low / step - 1e-9).ceil() * step;
                while value <= self.high + step * 1e-6 {
                    marks.push((value, compact(value, self.high, self.unit)));
                    value += step;
                }
            }
            Step::Decades(every) => {
                let mut value = self.low;
                while value <= self.high * 1.001 {
                    marks.push((value, compact(value, value, self.unit)));
                    value *= 10f64.powi(every);
                }
            }
        }
        marks
    }
}

/// The 1, 2 or 5 times a power of ten that divides `range` into about five.
fn nice_step(range: f64, unit: Unit) -> f64 {
    let rough = range / MARKS;
    let power = 10f64.powf(rough.log10().floor());
    let factor = match rough / power {
        part if part <= 1.0 => 1.0,
        part if part <= 2.0 => 2.0,
        part if part <= 5.0 => 5.0,
        _ => 10.0,
    };
    let whole = matches!(unit, Unit::Count | Unit::Buffers | Unit::Bytes);
    if whole { (factor * power).max(1.0) } else { factor * power }
}

/// A short label: `20k`, `1.5 ms`. All labels of a linear axis share the prefix that suits
/// `reference`, its largest value.
pub(crate) fn compact(value: f64, reference: f64, unit: Unit) -> String {
    let scales: &[(f64, &str)] = match unit {
        Unit::Seconds => &[(1.0, " s"), (1e-3, " ms"), (1e-6, " µs"), (1e-9, " ns")],
        Unit::Bytes => &[(1e12, " TB"), (1e9, " GB"), (1e6, " MB"), (1e3, " kB"), (1.0, " B")],
        Unit::Times => &[(1.0, "×")],
        Unit::Percent => &[(1.0, " %")],
        Unit::Count | Unit::Buffers | Unit::PerSecond if (1e3..1e4).contains(&reference) => {
            &[(1.0, "")]
        }
        Unit::Count | Unit::Buffers | Unit::PerSecond => {
            &[(1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")]
        }
    };
    let reference = reference.abs() * 1.000_001;
    let fit = scales.iter().find(|(factor, _)| reference >= *factor).or(scales.last());
    let (factor, suffix) = fit.copied().unwrap_or((1.0, ""));
    // Rounding first: 0.1 + 0.2 must not be labelled 0.30000000000000004.
    let number = (value / factor * 1e6).round() / 1e6;
    if number == 0.0 { "0".to_owned() } else { format!("{number}{suffix}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.marks().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn linear_axes_are_marked_at_round_values_in_one_unit() {
        let axis = Axis::from_zero(0.73, Unit::Seconds, (0.0, 100.0));
        assert_eq!(labels(&axis), ["0", "200 ms", "400 ms", "600 ms", "800 ms"]);
        let axis = Axis::from_zero(18_243.0, Unit::Buffers, (0.0, 100.0));
        assert_eq!(labels(&axis), ["0", "5k", "10k", "15k", "20k"]);
        assert_eq!(labels(&Axis::from_zero(2.0, Unit::Count, (0.0, 1.0))), ["0", "1", "2"]);
        assert_eq!(labels(&Axis::from_zero(0.0, Unit::Count, (0.0, 1.0))), ["0", "1"]);
    }

    #[test]
    fn logarithmic_axes_are_marked_at_decades() {
        let axis = Axis::logarithmic(&[0.004, 2.1], Unit::Seconds, (0.0, 400.0));
        assert_eq!(labels(&axis), ["1 ms", "10 ms", "100 ms", "1 s", "10 s"]);
        assert!((axis.at(0.1) - 200.0).abs() < 1e-6);
        assert_eq!(axis.at(0.0), 0.0);
        let axis = Axis::logarithmic(&[1.0, 1e9], Unit::Count, (0.0, 1.0));
        assert_eq!(labels(&axis), ["1", "100", "10k", "1M", "100M"]);
    }

    #[test]
    fn values_off_the_axis_stay_inside_the_drawing() {
        let axis = Axis::from_zero(10.0, Unit::Count, (100.0, 200.0));
        assert_eq!((axis.at(-5.0), axis.at(1e12)), (100.0, 200.0));
    }
}
