//! Plain text in a given number of columns.

/// Breaks `text` at spaces into lines of at most `width` letters. Line breaks in it stay; a word
/// longer than a line gets a line of its own. Narrow no-break spaces inside numbers do not break.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    text.lines().flat_map(|line| wrap_line(line, width)).collect()
}

fn wrap_line(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !line.is_empty() && letters(&line) + 1 + letters(word) > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// Columns that `text` takes: one for each letter, as our texts hold no wide ones.
pub(crate) fn letters(text: &str) -> usize {
    text.chars().count()
}

/// The text in exactly `width` columns, with an ellipsis where it is longer.
pub(crate) fn fitted(text: &str, width: usize) -> String {
    if letters(text) <= width {
        return format!("{text:<width$}");
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_at_spaces_and_never_inside_a_number() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(
            wrap("read 3\u{202f}000\u{202f}000 rows", 9),
            ["read", "3\u{202f}000\u{202f}000", "rows"]
        );
        assert_eq!(wrap("extraordinary word", 5), ["extraordinary", "word"]);
        assert_eq!(wrap("a\nb", 9), ["a", "b"]);
    }

    #[test]
    fn a_text_is_fitted_to_its_column() {
        assert_eq!(fitted("ab", 4), "ab  ");
        assert_eq!(fitted("abcdef", 4), "abc…");
    }
}
