//! A browser, the page it shows, and what is seen of it.

use std::fmt::Debug;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::driver::{Driver, Session};
use super::look::{Look, Theme};

/// Longer than anything takes on a machine that is busy; whatever is waited for ends the wait.
const PATIENCE: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(40);

/// A browser with a profile of its own and one window; it ends when dropped.
pub struct Browser {
    pub(super) session: Session,
    pub(super) base: String,
    /// Removed when the browser has ended.
    pub(super) _profile: TempDir,
}

impl Debug for Browser {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Browser").field("base", &self.base).finish_non_exhaustive()
    }
}

pub(super) fn told<T, E: std::fmt::Display>(what: &str, result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{what}: {error}"))
}

impl Browser {
    /// A new browser that looks at the pages below `base`.
    ///
    /// # Panics
    /// When it does not start, as everything here panics when it fails.
    #[must_use]
    pub fn start(driver: &Driver, base: &str, look: Look) -> Self {
        let profile = told("a profile", tempfile::tempdir());
        let session = Session::start(driver.base(), &capabilities(driver, profile.path(), look));
        let session = told("a browser", session);
        let browser = Self { session, base: base.to_owned(), _profile: profile };
        browser.set_look(look);
        browser
    }

    /// Changes size, theme and scripts; pages opened from now on have them.
    pub fn set_look(&self, look: Look) {
        let scheme = if look.theme == Theme::Dark { "dark" } else { "light" };
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            &json!({"width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": look.phone}),
        );
        self.devtools(
            "Emulation.setEmulatedMedia",
            &json!({"features": [
                {"name": "prefers-color-scheme", "value": scheme},
                {"name": "prefers-reduced-motion", "value": "reduce"},
            ]}),
        );
        self.devtools("Emulation.setScriptExecutionDisabled", &json!({"value": !look.scripts}));
    }

    /// Forgets what pages have stored and what they did so far, as a new browser would.
    pub(super) fn forget(&self) {
        self.set_look(Look::DESKTOP);
        // The smallest page of the origin: storage belongs to one.
        self.open("/health/live");
        self.js("localStorage.clear(); sessionStorage.clear()");
        self.open("about:blank");
        let _ = self.faults();
    }

    /// A command of the DevTools protocol.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        told(command, self.session.post("/goog/cdp/execute", &body))
    }

    /// Opens a path of the site, or a whole address, and waits until it is loaded.
    #[track_caller]
    pub fn open(&self, path: &str) {
        let whole = path.contains("://") || path.starts_with("about:");
        let url = if whole { path.to_owned() } else { format!("{}{path}", self.base) };
        told(path, self.session.post("/url", &json!({"url": url})));
    }

    /// Path and query of the page that is shown.
    #[must_use]
    pub fn path(&self) -> String {
        let url = told("the address", self.session.get("/url"));
        let url = url.as_str().unwrap_or_default();
        url.strip_prefix(&self.base).unwrap_or(url).to_owned()
    }

    /// What the body of a function returns in the page.
    #[track_caller]
    pub fn js(&self, body: &str) -> Value {
        told(body, self.try_js(body))
    }

    fn try_js(&self, body: &str) -> Result<Value, String> {
        self.session.post("/execute/sync", &json!({"script": body, "args": []}))
    }

    /// Waits until the expression is true in the page; `what` says what is waited for.
    #[track_caller]
    pub fn wait(&self, what: &str, expression: &str) {
        let script = format!("return Boolean({expression})");
        let began = Instant::now();
        let mut last = String::new();
        while began.elapsed() < PATIENCE {
            match self.try_js(&script) {
                Ok(Value::Bool(true)) => return,
                Ok(_) => {}
                // A page that is just being left has nothing to say.
                Err(error) => last = error,
            }
            thread::sleep(PAUSE);
        }
        let said = self.try_js(
            "return [...document.querySelectorAll('main [role=status], main [role=alert], #live-ending, .expectation')]
                 .map((one) => one.textContent).join(' | ')",
        );
        panic!("waited in vain for {what}, on {}: {expression} {last} {said:?}", self.path());
    }

    /// Waits until something that the selector names can be seen.
    #[track_caller]
    pub fn wait_for(&self, selector: &str) {
        let seen = format!(
            "[...document.querySelectorAll({})].some((one) => one.checkVisibility())",
            json!(selector)
        );
        self.wait(selector, &seen);
    }

    /// Waits until the first element of the selector holds the text.
    #[track_caller]
    pub fn wait_for_text(&self, selector: &str, text: &str) {
        let holds = format!(
            "(document.querySelector({})?.textContent ?? '').includes({})",
            json!(selector),
            json!(text)
        );
        self.wait(&format!("{text:?} in {selector}"), &holds);
    }

    /// Text of the first element that the selector names, as it is seen.
    #[must_use]
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        let text =
            self.js(&format!("return document.querySelector({}).innerText", json!(selector)));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// How many elements the selector names.
    #[must_use]
    #[track_caller]
    pub fn count(&self, selector: &str) -> u64 {
        let count = format!("return document.querySelectorAll({}).length", json!(selector));
        self.js(&count).as_u64().unwrap_or_default()
    }

    /// Whether the first element that the selector names is there to be seen.
    #[must_use]
    #[track_caller]
    pub fn shows(&self, selector: &str) -> bool {
        let seen = format!(
            "return document.querySelector({})?.checkVisibility() === true",
            json!(selector)
        );
        self.js(&seen) == json!(true)
    }

    /// A picture of what is seen, as PNG.
    #[must_use]
    pub fn picture(&self) -> Vec<u8> {
        let text = told("a picture", self.session.get("/screenshot"));
        told("a picture", STANDARD.decode(text.as_str().unwrap_or_default()))
    }
}

fn capabilities(driver: &Driver, profile: &Path, look: Look) -> Value {
    let mut arguments = vec![
        "--headless".to_owned(),
        "--disable-gpu".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--disable-quic".to_owned(),
        // Small containers have a /dev/shm that a page fills.
        "--disable-dev-shm-usage".to_owned(),
        format!("--window-size={},{}", look.width, look.height),
        format!("--user-data-dir={}", profile.display()),
    ];
    if is_root() {
        arguments.push("--no-sandbox".to_owned());
    }
    json!({
        "browserName": "chrome",
        "goog:chromeOptions": {
            "binary": driver.chromium,
            "args": arguments,
            "prefs": {"download.default_directory": profile},
        },
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    })
}

/// Chromium's sandbox refuses root.
fn is_root() -> bool {
    std::process::Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
