//! Where a service lives in its database.

use std::sync::atomic::{AtomicU32, Ordering};

use foundation::scratch::Scratch;
use secrecy::{ExposeSecret, SecretString};

/// A schema of its own, so that one service after another may use the same database: to make and
/// drop one waits for a checkpoint.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    url: SecretString,
    number: u32,
}

impl Place {
    /// A new one, unused so far.
    pub(crate) fn of_its_own(scratch: &Scratch) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        Self { url: scratch.url(), number: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    pub(crate) fn schema(&self) -> String {
        format!("orders_{}", self.number)
    }

    /// For sessions in the schema that somebody on call knows by this name.
    pub(crate) fn url(&self, name: &str) -> SecretString {
        let (url, schema) = (self.url.expose_secret(), self.schema());
        let separator = if url.contains('?') { '&' } else { '?' };
        SecretString::from(format!(
            "{url}{separator}options=-csearch_path%3D{schema}&application_name={name}"
        ))
    }
}
