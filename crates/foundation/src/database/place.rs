//! Where a database is, and what stands in front of it.

use secrecy::SecretString;

/// Where short work and sessions find a database; the same URL unless a pooler stands in front.
#[derive(Clone, Debug)]
pub struct Place {
    pub(super) url: SecretString,
    /// `None` without a pooler.
    session: Option<SecretString>,
}

impl Place {
    /// A database behind a pooler in transaction mode at `url`; `session` leads past it.
    #[must_use]
    pub fn pooled(url: SecretString, session: SecretString) -> Self {
        Self { url, session: Some(session) }
    }

    /// Where a connection is a session: settings, locks and notifications stay with it.
    #[must_use]
    pub fn session(&self) -> &SecretString {
        self.session.as_ref().unwrap_or(&self.url)
    }

    /// Where short work goes.
    #[must_use]
    pub fn url(&self) -> &SecretString {
        &self.url
    }

    /// Whether nothing that is set on [`Place::url`] outlives a transaction.
    #[must_use]
    pub fn is_pooled(&self) -> bool {
        self.session.is_some()
    }
}

impl From<&SecretString> for Place {
    /// Without a pooler.
    fn from(url: &SecretString) -> Self {
        Self { url: url.clone(), session: None }
    }
}

impl From<&Self> for Place {
    fn from(place: &Self) -> Self {
        place.clone()
    }
}
