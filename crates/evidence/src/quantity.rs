//! Numbers with units, written the same way in every place that shows them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much data a demo uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// At most five seconds; the one that tests run.
    Quick,
    /// At most sixty seconds.
    #[default]
    Default,
    /// The size that the question talks about.
    Full,
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quick => "quick",
            Self::Default => "default",
            Self::Full => "full",
        })
    }
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A bare number of things.
    Count,
    /// PostgreSQL buffers, 8 KiB each.
    Buffers,
    /// Bytes; shown in kB, MB or GB (powers of 1000).
    Bytes,
    /// Seconds; shown in µs, ms or s.
    Seconds,
    /// Things per second.
    PerSecond,
    /// A factor, shown as `3.2×`.
    Times,
    /// A share of one hundred.
    Percent,
}

/// A number with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// The number, in the base of its unit (seconds, bytes, …).
    pub value: f64,
    /// The unit.
    pub unit: Unit,
}

impl Quantity {
    /// A bare number of things.
    #[allow(clippy::cast_precision_loss)] // Counts stay below 2^53.
    #[must_use]
    pub fn count(value: u64) -> Self {
        Self { value: value as f64, unit: Unit::Count }
    }

    /// A number of 8 KiB buffers.
    #[must_use]
    pub fn buffers(value: u64) -> Self {
        Self { unit: Unit::Buffers, ..Self::count(value) }
    }

    /// A number of bytes.
    #[must_use]
    pub fn bytes(value: u64) -> Self {
        Self { unit: Unit::Bytes, ..Self::count(value) }
    }

    /// A length of time.
    #[must_use]
    pub fn duration(value: std::time::Duration) -> Self {
        Self { value: value.as_secs_f64(), unit: Unit::Seconds }
    }

    /// Things per second.
    #[must_use]
    pub fn per_second(value: f64) -> Self {
        Self { value, unit: Unit::PerSecond }
    }

    /// A share of one hundred.
    #[must_use]
    pub fn percent(value: f64) -> Self {
        Self { value, unit: Unit::Percent }
    }

    /// A factor.
    #[must_use]
    pub fn times(value: f64) -> Self {
        Self { value, unit: Unit::Times }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value;
        let text = match self.unit {
            Unit::Count => grouped(value),
            Unit::Buffers => format!("{} buffers", grouped(value)),
            Unit::Bytes => bytes(value),
            Unit::Seconds => scaled(value, &[(1.0, "s"), (1e-3, "ms"), (1e-6, "µs")]),
            Unit::PerSecond => format!("{}/s", grouped(value)),
            Unit::Times => format!("{}×", significant(value)),
            Unit::Percent => format!("{} %", significant(value)),
        };
        f.pad(&text)
    }
}

/// Bytes below a kilobyte are whole; fractions of one would be nonsense.
fn bytes(value: f64) -> String {
    if value.abs() < 1e3 {
        return format!("{value:.0} B");
    }
    scaled(value, &[(1e9, "GB"), (1e6, "MB"), (1e3, "kB")])
}

/// Picks the largest scale that leaves at least one unit before the point.
fn scaled(value: f64, scales: &[(f64, &str)]) -> String {
    let Some((factor, name)) =
        scales.iter().find(|(factor, _)| value.abs() >= *factor).or(scales.last())
    else {
        return significant(value);
    };
    format!("{} {name}", significant(value / factor))
}

/// Three significant digits, but never fewer than the whole part has.
fn significant(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 100.0 => grouped(value),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A whole number with thin spaces between groups of three digits (SI brochure, 5.4.4).
fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::with_capacity(digits.len() * 2);
    if value < 0.0 {
        text.push('−');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn quantities_read_the_way_people_write_them() {
        let cases = [
            (Quantity::count(0), "0"),
            (Quantity::count(999), "999"),
            (Quantity::count(3_000_000), "3\u{202f}000\u{202f}000"),
            (Quantity::buffers(18_243), "18\u{202f}243 buffers"),
            (Quantity::bytes(0), "0 B"),
            (Quantity::bytes(7), "7 B"),
            (Quantity::duration(Duration::ZERO), "0 µs"),
            (Quantity::bytes(8_192), "8.19 kB"),
            (Quantity::bytes(1_420_000_000), "1.42 GB"),
            (Quantity::duration(Duration::from_micros(2_310)), "2.31 ms"),
            (Quantity::duration(Duration::from_millis(1_500)), "1.50 s"),
            (Quantity::times(11.96), "12.0×"),
        ];
        for (quantity, text) in cases {
            assert_eq!(quantity.to_string(), text);
        }
    }
}
