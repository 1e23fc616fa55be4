//! Domain types. Raw input becomes one of these at the edge or is refused; nothing behind the
//! handlers sees an unchecked string.

use auth::PasswordHash;
use error_handling::breaks_line;
use icu_normalizer::ComposingNormalizerBorrowed;

use crate::text::{is_invisible, turns_direction};

pub use crate::email::Email;
pub use auth::UserId;
pub use error_handling::Rejection;

/// What others call a person: 1 to 100 characters in at most 400 bytes, any script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// Most characters, counted as the database counts them: code points after composing.
    pub const MAX_CHARS: usize = 100;
    /// Most bytes: four for each character.
    pub const MAX_BYTES: usize = 400;

    /// Takes what somebody typed, trimmed and composed (NFC). No list of allowed letters, as
    /// names do not keep to one; only what would disturb the text around it is refused.
    ///
    /// # Errors
    /// With the code `empty`, `too_long`, `control_character` or `invisible_character`.
    pub fn parse(typed: &str) -> Result<Self, Rejection> {
        let name = ComposingNormalizerBorrowed::new_nfc().normalize(typed.trim()).into_owned();
        if name.chars().any(breaks_line) {
            return Err(Rejection::new("control_character", "Control characters are not allowed."));
        }
        if name.chars().any(turns_direction) {
            let detail = "Leave out characters that change the direction of the text.";
            return Err(Rejection::new("invisible_character", detail));
        }
        if name.chars().all(|letter| is_invisible(letter) || letter.is_whitespace()) {
            return Err(Rejection::new("empty", "A name that can be seen is needed."));
        }
        if name.len() > Self::MAX_BYTES || name.chars().count() > Self::MAX_CHARS {
            return Err(Rejection::new("too_long", "At most 100 characters and 400 bytes."));
        }
        Ok(Self(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An account that may be stored. There is no way to make one with a password in the clear.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Address, in both forms.
    pub email: Email,
    /// What others call the person.
    pub name: Name,
    /// All that is kept of the password.
    pub password_hash: PasswordHash,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_any_script_is_taken_as_it_is_but_composed_and_trimmed() {
        let longest = "🦀".repeat(100);
        for (typed, name) in [
            ("  Ada ", "Ada"),
            ("Zoe\u{308}", "Zo\u{eb}"),
            ("O'Brien-Łukasz Jr., 3rd", "O'Brien-Łukasz Jr., 3rd"),
            ("\u{645}\u{6cc}\u{200c}\u{62e}", "\u{645}\u{6cc}\u{200c}\u{62e}"),
            ("李", "李"),
            (&longest, &longest),
        ] {
            assert_eq!(Name::parse(typed).unwrap().as_str(), name, "{typed:?}");
        }
    }

    #[test]
    fn each_bad_name_is_refused_for_its_own_reason() {
        let long = "n".repeat(101);
        for (typed, code) in [
            ("", "empty"),
            (" \u{2003} ", "empty"),
            ("\u{200b}\u{200b}", "empty"),
            ("\u{3164}", "empty"),
            (&long, "too_long"),
            ("Ada\0", "control_character"),
            ("Ada\r\nBcc: all", "control_character"),
            ("Ada\u{2028}Lovelace", "control_character"),
            ("\u{1b}[31mAda", "control_character"),
            ("\u{202e}adA", "invisible_character"),
        ] {
            assert_eq!(Name::parse(typed).unwrap_err().code(), code, "{typed:?}");
        }
    }
}
