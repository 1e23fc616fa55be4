//! Finds numbers that somebody typed where a recorded one belongs.

use crate::readme::{Readme, inline_values, lines};

/// Units that only a measurement gives.
const UNITS: [&str; 26] = [
    "s",
    "ms",
    "µs",
    "μs",
    "us",
    "ns",
    "seconds",
    "milliseconds",
    "microseconds",
    "minutes",
    "B",
    "kB",
    "KB",
    "MB",
    "GB",
    "TB",
    "KiB",
    "MiB",
    "GiB",
    "bytes",
    "×",
    "x",
    "%",
    "percent",
    "buffers",
    "times",
];

/// Numbers with a unit in the headline and in "Say it" that stand outside an inline value: each would go stale with
/// the next recording, or was never measured.
#[must_use]
pub fn typed_numbers(readme: &str) -> Vec<String> {
    let parsed = Readme::parse(readme);
    let spoken = format!("{}\n{}", parsed.headline, parsed.section("Say it").unwrap_or_default());
    let text = without_inline_values(&spoken);
    lines(&text)
        .filter(|(line, fenced)| !fenced && !line.starts_with('#'))
        .flat_map(|(line, _)| numbers_with_unit(line))
        .collect()
}

fn without_inline_values(text: &str) -> String {
    let mut kept = String::new();
    let mut at = 0;
    for inline in inline_values(text) {
        kept.push_str(&text[at..inline.range.start]);
        // A word in its place, or the number before it would meet the unit after it.
        kept.push_str("value");
        at = inline.range.end;
    }
    kept + &text[at..]
}

fn numbers_with_unit(line: &str) -> Vec<String> {
    let letters: Vec<char> = line.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let inside_word = at > 0 && (letters[at - 1].is_alphanumeric() || letters[at - 1] == '_');
        if !letters[at].is_ascii_digit() || inside_word {
            at += 1;
            continue;
        }
        let end = number_end(&letters, at);
        let unit = unit_at(&letters, end);
        if is_unit(&unit) {
            let number: String = letters[at..end].iter().collect();
            found.push(format!("{number} {unit}"));
        }
        at = end;
    }
    found
}

/// Where a number ends; points, commas and narrow spaces belong to it before another digit.
fn number_end(letters: &[char], start: usize) -> usize {
    let digit = |at: usize| letters.get(at).is_some_and(char::is_ascii_digit);
    let joins =
        |at: usize| matches!(letters.get(at), Some('.' | ',' | '_' | '\u{202f}' | '\u{a0}'));
    let mut end = start;
    while digit(end) || (joins(end) && digit(end + 1)) {
        end += 1;
    }
    end
}

/// The word after a number, past one space or hyphen; `rows/s` is one word.
fn unit_at(letters: &[char], end: usize) -> String {
    let gap = matches!(letters.get(end), Some(' ' | '\u{202f}' | '\u{a0}' | '-'));
    let rest = letters.get(end + usize::from(gap)..).unwrap_or_default();
    let part = |letter: &&char| letter.is_alphabetic() || matches!(letter, '×' | '%' | '/');
    rest.iter().take_while(part).collect()
}

fn is_unit(word: &str) -> bool {
    let rate = word.ends_with("/s") || word.ends_with("/second") || word.ends_with("/min");
    rate || UNITS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(say: &str) -> Vec<String> {
        typed_numbers(&format!(
            "## Question\n5 ms\n## Say it\n### 30 seconds\n{say}\n## Show it\n9 s\n"
        ))
    }

    #[test]
    fn numbers_with_units_are_found_however_they_are_written() {
        let cases = [
            ("it took 12 ms", "12 ms"),
            ("it took 1.5s.", "1.5 s"),
            ("about 18,243 buffers", "18,243 buffers"),
            ("18\u{202f}243\u{202f}buffers", "18\u{202f}243 buffers"),
            ("(32 kB)", "32 kB"),
            ("10× faster", "10 ×"),
            ("10x faster", "10 x"),
            ("95 % of", "95 %"),
            ("95% of", "95 %"),
            ("700 rows/s", "700 rows/s"),
            ("a 200-ms wait", "200 ms"),
        ];
        for (text, number) in cases {
            assert_eq!(typed(text), [number], "{text}");
        }
    }

    #[test]
    fn marked_values_bare_counts_and_names_are_left_alone() {
        let cases = [
            "<!-- v:id -->12 ms<!-- /v --> on my machine",
            "status 409 or 503, RFC 9457, HTTP/2",
            "12 partitions, 3 steps",
            "p99 stays low, utf8 s",
            "between 5 and <!-- v:id -->12<!-- /v --> ms",
        ];
        for text in cases {
            assert_eq!(typed(text), Vec::<String>::new(), "{text}");
        }
    }
}
