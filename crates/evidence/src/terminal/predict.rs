//! Guesses before a measurement.

use std::io::{BufRead, Write};

use crate::{Quantity, Unit};

/// Asks for a guess until it can be read; an empty line or the end of input is none.
pub(super) fn ask(unit: Unit) -> Option<Quantity> {
    let stdin = std::io::stdin();
    loop {
        let mut out = anstream::stdout();
        let _ = write!(out, "    your guess ({}; Enter to skip): ", example(unit));
        let _ = out.flush();
        let mut line = String::new();
        let read = stdin.lock().read_line(&mut line).unwrap_or(0);
        if read == 0 || line.trim().is_empty() {
            return None;
        }
        if let Some(guess) = parse(&line, unit) {
            return Some(guess);
        }
    }
}

fn example(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "such as 1200 or 3k",
        Unit::Buffers => "buffers, such as 4000 or 4k",
        Unit::Bytes => "such as 300 kB or 1.5 GB",
        Unit::Seconds => "such as 300 µs, 20 ms or 1.5 s",
        Unit::PerSecond => "per second, such as 2500 or 10k",
        Unit::Times => "a factor, such as 10",
        Unit::Percent => "in percent, such as 35",
    }
}

/// Reads a number with a prefix or unit, such as `20 ms`, `3k` or `1.5GB`.
fn parse(text: &str, unit: Unit) -> Option<Quantity> {
    let text = text.trim().replace(['_', '\u{202f}', ','], "");
    let split = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let (number, suffix) = text.split_at(split.unwrap_or(text.len()));
    let factor = factor(suffix.trim(), unit)?;
    let value = number.parse::<f64>().ok()? * factor;
    Some(Quantity { value, unit })
}

fn factor(suffix: &str, unit: Unit) -> Option<f64> {
    let suffix = suffix.to_lowercase();
    match (unit, suffix.as_str()) {
        (_, "") => Some(1.0),
        (Unit::Seconds, "s") => Some(1.0),
        (Unit::Seconds, "ms") => Some(1e-3),
        (Unit::Seconds, "us" | "µs" | "μs") => Some(1e-6),
        (Unit::Seconds, "ns") => Some(1e-9),
        (Unit::Seconds, _) => None,
        (Unit::Percent, "%") | (Unit::Times, "x" | "×") | (Unit::PerSecond, "/s") => Some(1.0),
        (Unit::Buffers, "buffers") | (Unit::Bytes, "b") => Some(1.0),
        (_, "k" | "kb") => Some(1e3),
        (_, "m" | "mb") => Some(1e6),
        (_, "g" | "gb") => Some(1e9),
        _ => None,
    }
}

/// How a guess compares, in one sentence.
pub(super) fn verdict(guess: Quantity, measured: Quantity) -> String {
    let factor = guess.value / measured.value;
    let judged = match factor {
        factor if !factor.is_finite() || factor <= 0.0 => return format!("you guessed {guess}"),
        factor if (0.8..=1.25).contains(&factor) => "well guessed".to_owned(),
        factor if factor > 1.0 => format!("{} too high", Quantity::times(factor)),
        factor => format!("{} too low", Quantity::times(1.0 / factor)),
    };
    format!("you guessed {guess}: {judged}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_are_read_the_way_people_type_them() {
        let cases = [
            ("20 ms", Unit::Seconds, Some(0.02)),
            ("1.5s", Unit::Seconds, Some(1.5)),
            ("3k", Unit::Count, Some(3_000.0)),
            ("18,243 buffers", Unit::Buffers, Some(18_243.0)),
            ("1.5 GB", Unit::Bytes, Some(1.5e9)),
            ("10x", Unit::Times, Some(10.0)),
            ("many", Unit::Count, None),
            ("5 apples", Unit::Seconds, None),
        ];
        for (text, unit, value) in cases {
            let parsed = parse(text, unit).map(|quantity| quantity.value);
            match (parsed, value) {
                (Some(parsed), Some(value)) => assert!((parsed - value).abs() < 1e-9, "{text}"),
                (parsed, value) => assert_eq!(parsed, value, "{text}"),
            }
        }
    }

    #[test]
    fn a_guess_is_judged_by_its_factor() {
        let judge = |guess: f64| verdict(Quantity::times(guess), Quantity::times(10.0));
        assert!(judge(11.0).ends_with("well guessed"));
        assert!(judge(100.0).ends_with("10.0× too high"));
        assert!(judge(1.0).ends_with("10.0× too low"));
    }
}
