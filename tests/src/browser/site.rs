//! The backend and the driver that the tests of one file share.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tempfile::TempDir;

use super::database::Database;
use super::driver::Driver;
use super::page::{Browser, Look};
use super::programs;
use crate::backend::Backend;

/// A running backend on a database of its own, and browsers to look at it.
pub struct Site {
    driver: Driver,
    backend: Backend,
    /// Dropped last: the backend uses it.
    _database: Database,
    /// Where the runs are kept, instead of among the reader's own.
    _home: TempDir,
}

impl std::fmt::Debug for Site {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Site").field("backend", &self.backend).finish_non_exhaustive()
    }
}

impl Site {
    /// The one that other tests of this process use at the moment, or a new one. `None`, and a loud
    /// word on standard error, where there is no Chromium.
    ///
    /// # Panics
    /// When it does not start, and in CI also when there is no Chromium.
    #[must_use]
    pub fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<Site>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(site) = shared.upgrade() {
            return Some(site);
        }
        let site = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&site);
        Some(site)
    }

    /// A site of one's own.
    ///
    /// # Panics
    /// As [`Site::shared`].
    #[must_use]
    pub fn start() -> Option<Self> {
        let Some((chromium, driver)) = programs::browser() else {
            assert!(!programs::in_ci(), "Chromium and chromedriver are missing");
            eprintln!("WARNING: without Chromium and chromedriver the pages are NOT tested.");
            return None;
        };
        let driver = Driver::start(chromium, driver);
        let driver = driver.unwrap_or_else(|error| panic!("chromedriver: {error}"));
        let database = Database::create();
        let database = database.unwrap_or_else(|error| panic!("a database: {error}"));
        let home = tempfile::tempdir().unwrap_or_else(|error| panic!("a folder: {error}"));
        let backend = Backend::start(|command| {
            command
                .env("SHOW_YOUR_WORK_HOME", home.path())
                .env("DATABASE_URL", database.url())
                // All of them come from one address.
                .envs(["RATE_LIMIT", "REGISTRATION_LIMIT", "LOGIN_LIMIT"].map(|name| (name, "0")))
                .envs(["LOGIN_ADDRESS_LIMIT", "USER_RATE_LIMIT"].map(|name| (name, "0")));
        });
        let backend = backend.unwrap_or_else(|error| panic!("the backend: {error}"));
        Some(Self { driver, backend, _database: database, _home: home })
    }

    /// A new browser.
    #[must_use]
    pub fn browser(&self, look: Look) -> Browser {
        Browser::start(&self.driver, self.backend.base(), look)
    }

    /// The backend behind the pages.
    #[must_use]
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// What a person does in a new browser, after which nothing must have left the origin and the
    /// console must be silent.
    ///
    /// # Panics
    /// When that is not so, or the person does not find what they look for.
    pub fn visit(&self, look: Look, person: impl FnOnce(&Browser)) {
        let browser = self.browser(look);
        person(&browser);
        assert_eq!(browser.faults(), Vec::<String>::new());
    }
}

/// What a person does at the shared site; see [`Site::visit`].
///
/// # Panics
/// As [`Site::visit`].
pub fn visit(look: Look, person: impl FnOnce(&Browser)) {
    if let Some(site) = Site::shared() {
        site.visit(look, person);
    }
}
