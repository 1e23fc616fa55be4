//! Step 5: finished responses are kept for a minute.
//!
//! Built on step 3: what did nothing is not taken along.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::prelude::*;

use super::step3_borrowed;
use crate::report::Body;

/// How stale a report may be when nobody calls [`Cache::forget`].
const LIFETIME: Duration = Duration::from_secs(60);

/// Countries that are kept: all there are. Beyond it a report is made each time, as the key is
/// whatever a client writes.
const MOST: usize = 300;

/// Responses by country, no more than `MOST`. `&mut` instead of a lock: a server has one and shares it
/// behind a mutex.
#[derive(Debug, Default)]
pub struct Cache {
    kept: HashMap<String, (Instant, Body)>,
}

impl Cache {
    /// The report of one country, at most a minute old.
    ///
    /// # Errors
    /// Whatever PostgreSQL returns.
    pub fn report(&mut self, connection: &mut PgConnection, country: &str) -> QueryResult<Body> {
        if let Some((made, body)) = self.kept.get(country)
            && made.elapsed() < LIFETIME
        {
            return Ok(Arc::clone(body));
        }
        let body = step3_borrowed::report(connection, country)?;
        if self.kept.len() < MOST || self.kept.contains_key(country) {
            self.kept.insert(country.to_owned(), (Instant::now(), Arc::clone(&body)));
        }
        Ok(body)
    }

    /// How many reports are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// To be called after a write: the next report is a fresh one.
    pub fn forget(&mut self, country: &str) {
        self.kept.remove(country);
    }
}
