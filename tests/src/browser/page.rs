//! What a person does with a page, and what they see of it.

use std::fmt::Debug;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::driver::{Driver, Session};

/// Longer than anything takes on a machine that is busy; whatever is waited for ends the wait.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(40);
/// The key that WebDriver names elements by (section 12.2 of the recommendation).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Colours that the reader's system prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// Size and theme of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Width of the page in CSS pixels.
    pub width: u32,
    /// Height of what is seen at once, in CSS pixels.
    pub height: u32,
    /// Whether it is a phone: touch, and a page that fits its viewport.
    pub phone: bool,
    /// Light or dark.
    pub theme: Theme,
    /// Whether scripts run.
    pub scripts: bool,
}

impl Look {
    /// A window on a desk.
    pub const DESKTOP: Self =
        Self { width: 1280, height: 900, phone: false, theme: Theme::Light, scripts: true };
    /// A phone held upright.
    pub const PHONE: Self = Self { width: 390, height: 844, phone: true, ..Self::DESKTOP };

    /// The same in dark colours.
    #[must_use]
    pub const fn dark(self) -> Self {
        Self { theme: Theme::Dark, ..self }
    }

    /// The same with scripts switched off.
    #[must_use]
    pub const fn without_scripts(self) -> Self {
        Self { scripts: false, ..self }
    }
}

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

fn told<T, E: std::fmt::Display>(what: &str, result: Result<T, E>) -> T {
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

    #[track_caller]
    fn element(&self, selector: &str) -> String {
        let wish = json!({"using": "css selector", "value": selector});
        let found = told(selector, self.session.post("/element", &wish));
        found[ELEMENT].as_str().unwrap_or_default().to_owned()
    }

    /// Clicks with the mouse: what lies under something else, or cannot be seen, cannot be clicked.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        let element = self.element(selector);
        // Into the middle, as a person scrolls; the driver stops below what sticks to the edge.
        self.js(&format!(
            "document.querySelector({}).scrollIntoView({{block: 'center'}})",
            json!(selector)
        ));
        told(selector, self.session.post(&format!("/element/{element}/click"), &json!({})));
    }

    /// Types into a field, behind what is in it. For a file field, the path of the file.
    #[track_caller]
    pub fn write(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        let body = json!({"text": text});
        told(selector, self.session.post(&format!("/element/{element}/value"), &body));
    }

    /// Presses keys one after the other, wherever the focus is.
    #[track_caller]
    pub fn press(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key})))
            .collect();
        let body = json!({"actions": [{"type": "key", "id": "keys", "actions": strokes}]});
        told(keys, self.session.post("/actions", &body));
    }

    /// Moves on with the tabulator alone until the focus is on what the selector names.
    #[track_caller]
    pub fn tab_to(&self, selector: &str) {
        let there = format!("return document.activeElement.matches({})", json!(selector));
        for _ in 0..80 {
            if self.js(&there) == json!(true) {
                return;
            }
            self.press("\u{E004}");
        }
        panic!("the keyboard does not reach {selector} on {}", self.path());
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
