//! Who is logged in, and where from.

use std::fmt;

use actix_web::http::header::{HeaderMap, USER_AGENT};
use foundation::database::Reader;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Identifies an account.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub struct UserId(i64);

/// Identifies a session: one log-in on one device, however often its tokens are renewed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub struct SessionId(i64);

impl UserId {
    /// As whose reads must show this user's writes.
    #[must_use]
    pub const fn reader(self) -> Reader {
        Reader(self.0)
    }

    /// The number that is stored.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl From<i64> for UserId {
    fn from(id: i64) -> Self {
        Self(id)
    }
}

impl From<i64> for SessionId {
    fn from(id: i64) -> Self {
        Self(id)
    }
}

impl SessionId {
    /// The number that is stored.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a client calls itself, so that its owner finds it in the list of sessions. Never trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserAgent(String);

impl UserAgent {
    /// Browsers send about 120 characters; more is of no use in a list.
    pub const MAX_CHARS: usize = 200;

    /// Reads the header: cut off rather than refused, as nobody should fail to log in over it.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let sent = headers.get(USER_AGENT)?.to_str().ok()?;
        let kept: String =
            sent.chars().filter(|letter| !letter.is_control()).take(Self::MAX_CHARS).collect();
        (!kept.is_empty()).then_some(Self(kept))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
