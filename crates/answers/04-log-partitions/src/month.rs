//! A calendar month in UTC: the unit in which log entries are stored, found and dropped.

use std::fmt;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, Utc};

/// A month. UTC, not local time: a bound that moves with daylight saving would leave an hour in
/// two partitions or in none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(NaiveDate);

impl Month {
    /// The month that an instant falls into.
    #[must_use]
    pub fn of(instant: DateTime<Utc>) -> Self {
        let day = instant.date_naive();
        Self(day - Days::new(u64::from(day.day0())))
    }

    /// This month and the `count` that follow it.
    pub fn and_next(self, count: u32) -> impl Iterator<Item = Self> {
        (0..=count).map(move |ahead| Self(self.0 + Months::new(ahead)))
    }

    /// The month that many months earlier.
    #[must_use]
    pub fn before(self, months: u32) -> Self {
        Self(self.0 - Months::new(months))
    }

    /// The first instant of the month.
    #[must_use]
    pub fn start(self) -> DateTime<Utc> {
        self.0.and_time(NaiveTime::MIN).and_utc()
    }

    /// The first instant after the month: half-open, as `FROM … TO` of a partition is.
    #[must_use]
    pub fn end(self) -> DateTime<Utc> {
        Self(self.0 + Months::new(1)).start()
    }

    /// The name of its partition, such as `log_entries_2026_01`.
    #[must_use]
    pub fn partition_name(self) -> String {
        self.0.format("log_entries_%Y_%m").to_string()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_begins_with_its_first_instant_and_ends_before_the_next() {
        let cases = [
            ("2026-01-01T00:00:00Z", "2026-01", "2026-02-01T00:00:00Z"),
            ("2025-12-31T23:59:59.999999Z", "2025-12", "2026-01-01T00:00:00Z"),
            ("2024-02-29T12:00:00Z", "2024-02", "2024-03-01T00:00:00Z"),
        ];
        for (inside, name, end) in cases {
            let month = Month::of(instant(inside));
            assert_eq!((month.to_string().as_str(), month.end()), (name, instant(end)), "{inside}");
            assert_eq!(Month::of(month.start()), month, "{inside}");
            assert!(Month::of(month.end()) > month, "{inside}");
        }
    }

    #[test]
    fn counting_months_crosses_the_year() {
        let january = Month::of(instant("2026-01-15T00:00:00Z"));
        let ahead: Vec<String> = january.and_next(2).map(Month::partition_name).collect();
        assert_eq!(ahead, ["log_entries_2026_01", "log_entries_2026_02", "log_entries_2026_03"]);
        assert_eq!(january.before(13).to_string(), "2024-12");
    }
}
