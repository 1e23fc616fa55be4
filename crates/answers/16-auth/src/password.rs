//! A password, from what somebody typed to what is stored.

use std::fmt;

use icu_normalizer::ComposingNormalizerBorrowed;
use secrecy::{ExposeSecret, SecretString};

/// A password that may be hashed: normalised, bounded, and kept out of every log.
///
/// NFC, because one keyboard sends `é` as one code point and another as two, and the same person
/// uses both. Spaces and any script are welcome (OWASP ASVS 5.0, 6.2.7 to 6.2.9).
#[derive(Clone)]
pub struct Password(SecretString);

/// Why a password was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Fewer than [`Password::MIN_CHARS`] characters.
    #[error("Use at least 12 characters.")]
    TooShort,
    /// More than [`Password::MAX_CHARS`] characters.
    #[error("Use at most 128 characters.")]
    TooLong,
    /// Line breaks, NUL and the like, which no log-in form sends back the same way.
    #[error("Leave control characters out.")]
    ControlCharacter,
    /// One character over and over, a run such as `abcdef…`, or the account's own name.
    #[error("This is among the first things that would be guessed.")]
    Guessable,
}

impl PasswordFault {
    /// Stable code for clients.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::ControlCharacter => "control_character",
            Self::Guessable => "guessable",
        }
    }
}

impl Password {
    /// Twelve characters hold against guessing at bcrypt's speed; eight do not.
    pub const MIN_CHARS: usize = 12;
    /// Room for any passphrase, and a bound on what normalising may cost.
    pub const MAX_CHARS: usize = 128;

    /// Takes what somebody typed. `known` are words an attacker would try first for this account,
    /// such as its e-mail address.
    ///
    /// # Errors
    /// See [`PasswordFault`].
    pub fn parse(typed: &SecretString, known: &[&str]) -> Result<Self, PasswordFault> {
        let typed = typed.expose_secret();
        // Before normalising, whose cost grows with the input.
        if typed.len() > 4 * Self::MAX_CHARS {
            return Err(PasswordFault::TooLong);
        }
        let password = normalise(typed);
        let characters = password.chars().count();
        match characters {
            _ if password.chars().any(char::is_control) => Err(PasswordFault::ControlCharacter),
            count if count < Self::MIN_CHARS => Err(PasswordFault::TooShort),
            count if count > Self::MAX_CHARS => Err(PasswordFault::TooLong),
            _ if is_guessable(&password, known) => Err(PasswordFault::Guessable),
            _ => Ok(Self(SecretString::from(password))),
        }
    }

    /// Takes what somebody typed to log in, where no rule for new passwords applies.
    ///
    /// # Errors
    /// [`PasswordFault::TooLong`] only.
    pub fn attempt(typed: &SecretString) -> Result<Self, PasswordFault> {
        if typed.expose_secret().len() > 4 * Self::MAX_CHARS {
            return Err(PasswordFault::TooLong);
        }
        Ok(Self(SecretString::from(normalise(typed.expose_secret()))))
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

fn normalise(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
}

/// A few rules instead of a list of leaked passwords: a list long enough to matter is megabytes.
fn is_guessable(password: &str, known: &[&str]) -> bool {
    let lower = password.to_lowercase();
    let letters: Vec<u32> = lower.chars().map(u32::from).collect();
    let steps =
        |step: i64| letters.windows(2).all(|pair| i64::from(pair[1]) - i64::from(pair[0]) == step);
    let has_few_letters = {
        let mut distinct = letters.clone();
        distinct.sort_unstable();
        distinct.dedup();
        distinct.len() < 4
    };
    let is_known = known.iter().any(|word| {
        let word = word.to_lowercase();
        word.chars().count() >= 4 && (lower == word || word.contains(&lower))
    });
    steps(1) || steps(-1) || has_few_letters || is_known
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([redacted])")
    }
}

/// What is stored instead of a password, in bcrypt's own format, which names version and cost.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes a hash back from the database.
    #[must_use]
    pub fn from_stored(hash: String) -> Self {
        Self(hash)
    }

    /// A well-formed hash that no password is known for. Written down instead of computed, as making
    /// one takes as long as a log-in, at every start.
    pub(crate) fn of_nobody(cost: u32) -> Self {
        // 22 characters of salt and 31 of digest, each ending in the character for zero bits.
        const SALT_AND_DIGEST: &str = "thisaccountdoesnotexi.nobodyhasapasswordwiththishash.";
        Self(format!("$2b${cost:02}${SALT_AND_DIGEST}"))
    }

    /// The cost that it was made at: the third field of `$2b$12$…`.
    pub(crate) fn cost(&self) -> Option<u32> {
        self.0.split('$').nth(2)?.parse().ok()
    }

    /// For the database, and for nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(typed: &str) -> Result<Password, PasswordFault> {
        Password::parse(&SecretString::from(typed), &["ada.lovelace@example.org"])
    }

    #[test]
    fn each_bad_password_is_refused_for_its_own_reason() {
        use PasswordFault::{ControlCharacter, Guessable, TooLong, TooShort};
        let cases = [
            (String::new(), TooShort),
            ("elevenchars".to_owned(), TooShort),
            ("x1".repeat(65), TooLong),
            ("x".repeat(1_000_000), TooLong),
            ("two lines\nof text".to_owned(), ControlCharacter),
            ("with a nul\0 inside".to_owned(), ControlCharacter),
            ("aaaaaaaaaaaaaaaa".to_owned(), Guessable),
            ("abcdefghijklmnop".to_owned(), Guessable),
            ("ponmlkjihgfedcba".to_owned(), Guessable),
            ("121212121212121".to_owned(), Guessable),
            ("Ada.Lovelace@Example.org".to_owned(), Guessable),
            ("ada.lovelace".to_owned(), Guessable),
        ];
        for (typed, fault) in cases {
            assert_eq!(parse(&typed).unwrap_err(), fault, "{typed:.20}");
        }
    }

    #[test]
    fn any_script_spaces_and_long_phrases_are_welcome() {
        for typed in [
            "correct horse battery",
            "пароль для сервера",
            "合言葉は山と川です、今夜",
            "🦀🐙🦑🐠🐟🐬🐳🐋🦈🐊🐢🦎",
        ] {
            assert!(parse(typed).is_ok(), "{typed}");
        }
    }

    #[test]
    fn both_forms_of_an_accent_are_one_password() {
        let composed = parse("cr\u{e8}me br\u{fb}l\u{e9}e").unwrap();
        let decomposed = parse("cre\u{300}me bru\u{302}le\u{301}e").unwrap();
        assert_eq!(composed.expose(), decomposed.expose());
    }

    #[test]
    fn nothing_prints_a_password_or_its_hash() {
        let shown = format!(
            "{:?} {:?}",
            parse("correct horse battery").unwrap(),
            PasswordHash::from_stored("$2b$12$abc".to_owned())
        );
        assert_eq!(shown, "Password([redacted]) PasswordHash([redacted])");
    }

    /// One that cannot be read would be answered at once, and tell who has no account.
    #[test]
    fn the_hash_of_nobody_is_one_that_bcrypt_computes() {
        for cost in [4, 5] {
            let hash = PasswordHash::of_nobody(cost);
            assert_eq!((hash.expose().len(), hash.cost()), (60, Some(cost)));
            assert!(!bcrypt::verify("anything", hash.expose()).unwrap());
        }
    }
}
