//! Times on the command line.

use std::time::Duration;

/// Reads `250ms`, `30s`, `5m`, `12h` or `14d`.
///
/// # Errors
/// A sentence for the command line.
pub fn duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| "expected a number such as 30s".to_owned())?;
    let seconds = match unit {
        "ms" => return Ok(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err("expected a unit: ms, s, m, h or d".to_owned()),
    };
    let whole = number.checked_mul(seconds).ok_or_else(|| "too long".to_owned())?;
    Ok(Duration::from_secs(whole))
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
        assert_eq!(duration("213503982334602d"), Err("too long".to_owned()));
    }
}
