//! The backend, the driver and the browsers that the tests of one file share.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tempfile::TempDir;

use super::database::Database;
use super::driver::Driver;
use super::look::Look;
use super::page::Browser;
use super::programs;
use crate::backend::Backend;
use crate::binary;

/// A running backend on a database of its own, and browsers to look at it.
pub struct Site {
    /// Browsers that nobody uses at the moment; a new one takes longer than most tests.
    idle: Mutex<Vec<Browser>>,
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
    /// When it does not start, or there is no Chromium and `WITHOUT_BROWSER` does not excuse it.
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

    /// A site of one's own, of the backend in the profile of this test.
    ///
    /// # Panics
    /// As [`Site::shared`].
    #[must_use]
    pub fn start() -> Option<Self> {
        let program = binary::path("backend").unwrap_or_else(|error| panic!("build: {error}"));
        Self::of(&program)
    }

    /// A site of this backend.
    ///
    /// # Panics
    /// As [`Site::shared`].
    #[must_use]
    pub fn of(program: &Path) -> Option<Self> {
        let Some((chromium, driver)) = programs::browser() else {
            programs::excuse("Chromium or chromedriver", "WITHOUT_BROWSER", "the pages are");
            return None;
        };
        let driver = Driver::start(chromium, driver);
        let driver = driver.unwrap_or_else(|error| panic!("chromedriver: {error}"));
        let database = Database::create();
        let database = database.unwrap_or_else(|error| panic!("a database: {error}"));
        let home = tempfile::tempdir().unwrap_or_else(|error| panic!("a folder: {error}"));
        let backend = Backend::start_program(program, |command| {
            command
                .env("SHOW_YOUR_WORK_HOME", home.path())
                .env("DATABASE_URL", database.url())
                // All of them come from one address. Demos inherit the settings, so the limit for
                // one account stays.
                .envs(["RATE_LIMIT", "REGISTRATION_LIMIT"].map(|name| (name, "0")))
                .envs(["LOGIN_ADDRESS_LIMIT", "USER_RATE_LIMIT"].map(|name| (name, "0")))
                // Hashing waits on a machine that is busy with other tests.
                .env("HASHING_WAIT", "25s");
        });
        let backend = backend.unwrap_or_else(|error| panic!("the backend: {error}"));
        Some(Self { idle: Mutex::default(), driver, backend, _database: database, _home: home })
    }

    /// A browser that remembers nothing, with this look.
    fn borrow(&self, look: Look) -> Browser {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(browser) = idle else { return self.browser(look) };
        browser.forget();
        browser.set_look(look);
        browser
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

    /// What a person does in a browser that remembers nothing, after which nothing must have left the
    /// origin and the console must be silent.
    ///
    /// # Panics
    /// When that is not so, or the person does not find what they look for.
    pub fn visit(&self, look: Look, person: impl FnOnce(&Browser)) {
        let browser = self.borrow(look);
        person(&browser);
        assert_eq!(browser.faults(), Vec::<String>::new());
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(browser);
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

/// The same at a desk and on a phone; see [`Site::visit`].
///
/// # Panics
/// As [`Site::visit`].
pub fn visit_both(person: impl Fn(&Browser)) {
    let Some(site) = Site::shared() else { return };
    for look in [Look::DESKTOP, Look::PHONE] {
        site.visit(look, &person);
    }
}
