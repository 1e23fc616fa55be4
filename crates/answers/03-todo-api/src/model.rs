//! Domain types. Raw input becomes one of these at the edge or is refused; nothing behind the
//! handlers sees an unchecked string.

use std::fmt;

pub use error_handling::Rejection;
use error_handling::{bounded_text, breaks_line};
use icu_normalizer::ComposingNormalizerBorrowed;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is to be done: 1 to 500 characters in at most 2 000 bytes, on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title(String);

impl Title {
    /// Most characters, as the database counts them.
    pub const MAX_CHARS: usize = 500;
    /// Most bytes: four for each character.
    pub const MAX_BYTES: usize = 2_000;

    /// Takes the text as it is; nothing is trimmed, so that a client gets back what it sent.
    ///
    /// # Errors
    /// With the code `empty`, `too_long` or `control_character`.
    pub fn parse(text: String) -> Result<Self, Rejection> {
        if text.trim().is_empty() {
            return Err(Rejection::new("empty", "A title that is not blank is needed."));
        }
        let long = || Rejection::new("too_long", "At most 500 characters and 2 000 bytes.");
        bounded_text(text, (Self::MAX_CHARS, Self::MAX_BYTES), breaks_line, long).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where the owner wants the to-do to stand: between ± 1 000 000 000.
///
/// Bounded well within 32 bits, so that a client may add and subtract without thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order(i32);

impl Order {
    /// The largest; the smallest is its negative.
    pub const MAX: i32 = 1_000_000_000;

    /// Takes a whole number.
    ///
    /// # Errors
    /// With the code `out_of_range`.
    pub fn parse(number: i64) -> Result<Self, Rejection> {
        let order = i32::try_from(number).ok().filter(|order| order.abs() <= Self::MAX);
        order.map(Self).ok_or_else(|| {
            Rejection::new("out_of_range", "Use a number from -1000000000 to 1000000000.")
        })
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }
}

/// What a person calls a category: 1 to 50 characters in at most 200 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryName(String);

impl CategoryName {
    /// Most characters, counted after composing.
    pub const MAX_CHARS: usize = 50;
    /// Most bytes: four for each character.
    pub const MAX_BYTES: usize = 200;

    /// Trims and composes (NFC), as two names that look the same must be one: names are unique.
    ///
    /// # Errors
    /// With the code `empty`, `too_long` or `control_character`.
    pub fn parse(typed: &str) -> Result<Self, Rejection> {
        let name = ComposingNormalizerBorrowed::new_nfc().normalize(typed.trim()).into_owned();
        if name.is_empty() {
            return Err(Rejection::new("empty", "A name that is not blank is needed."));
        }
        let long = || Rejection::new("too_long", "At most 50 characters and 200 bytes.");
        bounded_text(name, (Self::MAX_CHARS, Self::MAX_BYTES), breaks_line, long).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Declares the identifier of a resource.
macro_rules! identifier {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
        )]
        pub struct $name(i64);

        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                Self(id)
            }
        }

        impl $name {
            /// The number that is stored.
            #[must_use]
            pub const fn number(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

identifier! {
    /// Identifies a to-do, together with its owner.
    TodoId
}

identifier! {
    /// Identifies a category, together with its owner.
    CategoryId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bad_title_is_refused_for_its_own_reason() {
        for (text, code) in [
            ("", "empty"),
            (" \u{2003}\t", "empty"),
            (&*"n".repeat(501), "too_long"),
            (&*"🦀".repeat(501), "too_long"),
            ("buy\0milk", "control_character"),
            ("buy\r\nmilk", "control_character"),
            ("buy\u{2028}milk", "control_character"),
        ] {
            assert_eq!(Title::parse(text.to_owned()).unwrap_err().code(), code, "{text:.20?}");
        }
    }

    #[test]
    fn a_title_comes_back_as_it_was_sent() {
        for text in ["buy milk", " with spaces ", "牛乳を買う", "zoe\u{308}", &"🦀".repeat(500)]
        {
            assert_eq!(Title::parse(text.to_owned()).unwrap().as_str(), text);
        }
    }

    #[test]
    fn an_order_has_bounds_that_a_sum_cannot_overflow() {
        for number in [-1_000_000_000, -1, 0, 1_000_000_000] {
            assert_eq!(i64::from(Order::parse(number).unwrap().number()), number);
        }
        for number in [1_000_000_001, -1_000_000_001, i64::MAX, i64::MIN] {
            assert_eq!(Order::parse(number).unwrap_err().code(), "out_of_range", "{number}");
        }
    }

    #[test]
    fn names_that_look_the_same_are_one_name() {
        for (typed, name) in [("  Home ", "Home"), ("Cafe\u{301}", "Caf\u{e9}")] {
            assert_eq!(CategoryName::parse(typed).unwrap().as_str(), name);
        }
        for (typed, code) in
            [(" ", "empty"), (&*"n".repeat(51), "too_long"), ("a\u{7}b", "control_character")]
        {
            assert_eq!(CategoryName::parse(typed).unwrap_err().code(), code, "{typed:?}");
        }
    }
}
