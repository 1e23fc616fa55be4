//! Domain types. Raw input becomes one of these at the edge or is refused; nothing behind the
//! handlers sees an unchecked string.

use chrono::{DateTime, Datelike, Utc};
pub use error_handling::Rejection;
use error_handling::bounded_text;
use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How bad it is. The order is the order of the stored numbers, so `level >= 4` means errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = LogLevel)]
pub enum Level {
    /// For developers.
    Debug = 1,
    /// Normal operation.
    Info = 2,
    /// Unusual, and handled.
    Warn = 3,
    /// Something failed.
    Error = 4,
    /// The process could not go on.
    Fatal = 5,
}

impl Level {
    /// Reads the lower-case name.
    ///
    /// # Errors
    /// When there is no such level.
    pub fn parse(name: &str) -> Result<Self, Rejection> {
        // serde's own table of names, instead of a second one that could differ from it.
        Self::deserialize(name.into_deserializer()).map_err(|_: serde::de::value::Error| {
            Rejection::new("not_allowed", "Use debug, info, warn, error or fatal.")
        })
    }

    /// The number that is stored.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }
}

impl TryFrom<i16> for Level {
    type Error = String;

    fn try_from(number: i16) -> Result<Self, String> {
        let levels = [Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];
        let known = levels.into_iter().find(|level| level.number() == number);
        known.ok_or_else(|| format!("{number} is no level"))
    }
}

/// When something happened, between the years 2000 and 2100: far enough for any clock that is
/// merely wrong, near enough that no calculation with it can overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "DateTime<Utc>")]
pub struct LoggedAt(DateTime<Utc>);

impl LoggedAt {
    /// Reads RFC 3339 with any offset.
    ///
    /// # Errors
    /// When it is not RFC 3339 or lies outside the supported years.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let instant = DateTime::parse_from_rfc3339(text).map_err(|_| {
            Rejection::new("not_a_time", "Use RFC 3339, such as 2026-01-31T23:59:59.5Z.")
        })?;
        Self::try_from(instant.to_utc())
    }

    /// The instant.
    #[must_use]
    pub const fn instant(self) -> DateTime<Utc> {
        self.0
    }
}

impl TryFrom<DateTime<Utc>> for LoggedAt {
    type Error = Rejection;

    fn try_from(instant: DateTime<Utc>) -> Result<Self, Rejection> {
        if (2000..2100).contains(&instant.year()) {
            return Ok(Self(instant));
        }
        Err(Rejection::new("out_of_range", "Only the years 2000 to 2099 are supported."))
    }
}

/// Who wrote the entry: 1 to 64 characters on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceName(String);

impl ServiceName {
    /// Takes the text as it is; nothing is trimmed.
    ///
    /// # Errors
    /// When it is empty, too long or holds a control character.
    pub fn parse(text: String) -> Result<Self, Rejection> {
        filled(text, (64, 256), char::is_control).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What happened: 1 to 4 096 characters in at most 8 192 bytes, with line breaks and tabs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message(String);

impl Message {
    /// Takes the text as it is; nothing is trimmed.
    ///
    /// # Errors
    /// When it is empty, too long or holds another control character.
    pub fn parse(text: String) -> Result<Self, Rejection> {
        let is_refused = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
        filled(text, (4_096, 8_192), is_refused).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn filled(
    text: String,
    (most_characters, most_bytes): (usize, usize),
    is_refused: fn(char) -> bool,
) -> Result<String, Rejection> {
    if text.is_empty() {
        return Err(Rejection::new("empty", "This must not be empty."));
    }
    let detail = || format!("At most {most_characters} characters and {most_bytes} bytes.");
    let too_long = || Rejection::new("too_long", detail());
    bounded_text(text, (most_characters, most_bytes), is_refused, too_long)
}

/// An entry that may be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// When it happened, as the service says.
    pub logged_at: LoggedAt,
    /// How bad it is.
    pub level: Level,
    /// Who wrote it.
    pub service: ServiceName,
    /// What happened.
    pub message: Message,
}

/// Identifies an entry together with its time; unique within one month only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct LogId(i64);

impl From<i64> for LogId {
    fn from(id: i64) -> Self {
        Self(id)
    }
}

impl LogId {
    /// The number that is stored.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}
