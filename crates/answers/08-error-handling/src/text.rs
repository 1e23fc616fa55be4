//! What every text that clients send is held to.

use crate::Rejection;

/// Takes a text of at most so many characters and bytes without the characters that `is_refused`
/// names: characters are what people count, bytes are what the disk and the index hold.
///
/// # Errors
/// `too_long`, or a rejection with the code `control_character`.
pub fn bounded_text(
    text: String,
    (most_characters, most_bytes): (usize, usize),
    is_refused: impl Fn(char) -> bool,
    too_long: impl FnOnce() -> Rejection,
) -> Result<String, Rejection> {
    // Bytes first: a long text is not counted to its end.
    if text.len() > most_bytes || text.chars().count() > most_characters {
        return Err(too_long());
    }
    if text.chars().any(is_refused) {
        return Err(Rejection::new("control_character", "Control characters are not allowed."));
    }
    Ok(text)
}

/// Whether a character has no place in a text of one line: control characters forge lines wherever
/// it is shown or logged, and PostgreSQL has no NUL. Unicode's two separators, which end lines for
/// browsers, are no control characters, and JSON lets them stand.
#[must_use]
pub fn breaks_line(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// The same for a text of several lines.
#[must_use]
pub fn is_unprintable(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')
}
