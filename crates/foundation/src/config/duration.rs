//! Times on the command line.

use std::time::Duration;

/// A hundred years: far from where adding to a time would overflow.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Reads `250ms`, `30s`, `5m`, `12h` or `14d`.
///
/// # Errors
/// A sentence for the command line.
pub fn duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| "expected a number such as 30s".to_owned())?;
    let seconds = |each: u64| number.checked_mul(each).map(Duration::from_secs);
    let time = match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(60 * 60),
        "d" => seconds(24 * 60 * 60),
        _ => return Err("expected a unit: ms, s, m, h or d".to_owned()),
    };
    let time = time.filter(|time| *time <= LONGEST);
    time.ok_or_else(|| "too long: a hundred years at the most".to_owned())
}

/// Reads a bound on a wait, 1ms to 24d: no wait at all would refuse everything, zero turns a bound of
/// PostgreSQL or actix off, and PostgreSQL counts milliseconds in 32 bits.
///
/// # Errors
/// A sentence for the command line.
pub(super) fn bound(text: &str) -> Result<Duration, String> {
    let bound = duration(text)?;
    let allowed = Duration::from_millis(1)..=Duration::from_secs(24 * 24 * 60 * 60);
    if allowed.contains(&bound) { Ok(bound) } else { Err("expected 1ms to 24d".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read_and_anything_else_refused() {
        let good = [("250ms", 250), ("30s", 30_000), ("5m", 300_000), ("12h", 43_200_000)];
        for (text, milliseconds) in good {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        assert_eq!(duration("14d"), Ok(Duration::from_secs(1_209_600)));
        for text in ["", "s", "30", "-1s", "1.5s", "5 m", "3w", "99999999999999999999s"] {
            assert!(duration(text).is_err(), "{text}");
        }
        for text in ["213503982334602d", "36501d", "18446744073709551615ms"] {
            assert!(duration(text).unwrap_err().starts_with("too long"), "{text}");
        }
    }

    #[test]
    fn a_bound_is_neither_nothing_nor_more_than_postgresql_counts() {
        for text in ["1ms", "2s", "24d"] {
            assert!(bound(text).is_ok(), "{text}");
        }
        for text in ["0ms", "0s", "25d", "2"] {
            assert!(bound(text).is_err(), "{text}");
        }
    }
}
