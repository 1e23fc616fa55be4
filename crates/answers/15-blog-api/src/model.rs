//! Domain types. Raw input becomes one of these at the edge or is refused; nothing behind the
//! handlers sees an unchecked string.

use std::fmt;

pub use error_handling::Rejection;
use error_handling::{bounded_text, breaks_line, is_unprintable};
use serde::{Deserialize, Serialize};

/// What a post is called: 1 to 200 characters in at most 800 bytes, on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title(String);

/// What a post says: 1 to 50 000 characters in at most 200 000 bytes, on as many lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body(String);

/// What a reader says: 1 to 2 000 characters in at most 8 000 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentText(String);

/// Under which heading a post stands: lower-case letters, digits and single hyphens, at most 30.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tag(String);

/// The last part of a post's address; at most 100 bytes in the form of a [`Tag`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Slug(String);

/// Tags on one post.
pub const MOST_TAGS: usize = 5;

impl Title {
    /// Takes the text as it is; nothing is trimmed, so that a client gets back what it sent.
    ///
    /// # Errors
    /// With the code `empty`, `too_long` or `control_character`.
    pub fn parse(text: String) -> Result<Self, Rejection> {
        bounded(text, 200, "At most 200 characters.", breaks_line).map(Self)
    }
}

impl Body {
    /// Takes the text as it is.
    ///
    /// # Errors
    /// As [`Title::parse`].
    pub fn parse(text: String) -> Result<Self, Rejection> {
        bounded(text, 50_000, "At most 50 000 characters.", is_unprintable).map(Self)
    }
}

impl CommentText {
    /// Takes the text as it is.
    ///
    /// # Errors
    /// As [`Title::parse`].
    pub fn parse(text: String) -> Result<Self, Rejection> {
        bounded(text, 2_000, "At most 2 000 characters.", is_unprintable).map(Self)
    }
}

impl Tag {
    const MAX_BYTES: usize = 30;

    /// Letters become lower case, as nobody means two things by `Rust` and `rust`.
    ///
    /// # Errors
    /// With the code `not_a_tag`.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let tag = text.to_ascii_lowercase();
        if tag.len() <= Self::MAX_BYTES && is_hyphenated(&tag) {
            return Ok(Self(tag));
        }
        Err(Rejection::new("not_a_tag", "Use 1 to 30 letters, digits and single hyphens."))
    }
}

impl Slug {
    /// Room for a hyphen and a [`Slug::with_suffix`] of six below the column's bound of 100.
    const MAX_BYTES: usize = 80;

    /// What the title looks like in an address: other scripts are spelled out in ASCII.
    #[must_use]
    pub fn of_title(title: &Title) -> Self {
        let mut slug = slug::slugify(title.as_str());
        slug.truncate(Self::MAX_BYTES);
        let slug = slug.trim_end_matches('-');
        Self(if slug.is_empty() { "post".to_owned() } else { slug.to_owned() })
    }

    /// A slug for the second of two posts with one title. Random instead of the next free number,
    /// which has to be looked for, and which two writers find at once.
    #[must_use]
    pub fn with_suffix(&self) -> Self {
        let letters = (0..6).map(|_| char::from_digit(rand::random_range(0..36), 36));
        Self(format!("{}-{}", self.0, letters.flatten().collect::<String>()))
    }

    /// A segment of a path; `None` for one that no post can have, which spares the look.
    #[must_use]
    pub fn of_path(segment: &str) -> Option<Self> {
        (segment.len() <= 100 && is_hyphenated(segment)).then(|| Self(segment.to_owned()))
    }
}

fn is_hyphenated(text: &str) -> bool {
    let plain = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    text.split('-').all(|word| !word.is_empty() && word.bytes().all(plain))
}

/// Bounds characters, and with them bytes: no character takes more than four.
fn bounded(
    text: String,
    most: usize,
    too_long: &'static str,
    is_refused: fn(char) -> bool,
) -> Result<String, Rejection> {
    if text.trim().is_empty() {
        return Err(Rejection::new("empty", "A text that is not blank is needed."));
    }
    bounded_text(text, (most, 4 * most), is_refused, || Rejection::new("too_long", too_long))
}

/// Gives each type its text.
macro_rules! text {
    ($($name:ident),+) => {$(
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

text!(Title, Body, CommentText, Tag, Slug);

#[cfg(test)]
mod tests {
    use super::*;

    fn title(text: &str) -> Title {
        Title::parse(text.to_owned()).unwrap()
    }

    #[test]
    fn a_title_becomes_an_address_that_the_database_takes() {
        for (text, slug) in [
            ("Hello, World!", "hello-world"),
            ("  Crème brûlée -- twice ", "creme-brulee-twice"),
            ("Straße", "strasse"),
            ("!!!", "post"),
            ("東京", "dong-jing"),
        ] {
            assert_eq!(Slug::of_title(&title(text)).as_str(), slug, "{text}");
        }
        for text in ["x".repeat(200), "a b ".repeat(50), "ﷺ".repeat(200)] {
            let slug = Slug::of_title(&title(&text));
            assert!(slug.as_str().len() <= Slug::MAX_BYTES, "{slug}");
            for slug in [slug.with_suffix(), slug] {
                assert_eq!(Slug::of_path(slug.as_str()), Some(slug));
            }
        }
    }

    #[test]
    fn a_segment_that_no_post_can_have_is_none() {
        let long = "x".repeat(101);
        for segment in ["", "-", "a--b", "a-", "A", "a_b", "a\0", "é", &*long] {
            assert_eq!(Slug::of_path(segment), None, "{segment:?}");
        }
    }

    #[test]
    fn each_bad_text_is_refused_for_its_own_reason() {
        for (text, code) in [
            ("", "empty"),
            (" \u{2003}\t", "empty"),
            (&*"n".repeat(201), "too_long"),
            (&*"🦀".repeat(201), "too_long"),
            ("two\nlines", "control_character"),
            ("a\u{2028}b", "control_character"),
            ("nul\0", "control_character"),
        ] {
            assert_eq!(Title::parse(text.to_owned()).unwrap_err().code(), code, "{text:.20?}");
        }
        assert!(Body::parse("two\nlines\tand a tab".to_owned()).is_ok());
        assert_eq!(Body::parse("nul\0".to_owned()).unwrap_err().code(), "control_character");
    }

    #[test]
    fn a_tag_is_one_whatever_its_case() {
        assert_eq!(Tag::parse("Rust-2024").unwrap(), Tag::parse("rust-2024").unwrap());
        for text in ["", "c++", "a b", "-a", "a--b", "é", &*"x".repeat(31)] {
            assert_eq!(Tag::parse(text).unwrap_err().code(), "not_a_tag", "{text:?}");
        }
    }
}
