//! Where Chromium, its driver and axe-core are; `scripts/setup.sh test` installs them.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// Named by the variable, or found under one of the names that systems give it.
const CHROMIUM: (&str, &[&str]) = (
    "CHROMIUM",
    &[
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ],
);
const CHROMEDRIVER: (&str, &[&str]) =
    ("CHROMEDRIVER", &["chromedriver", "/usr/lib/chromium/chromedriver"]);

fn find((variable, names): (&str, &[&str])) -> Option<PathBuf> {
    if let Some(named) = env::var_os(variable).filter(|value| !value.is_empty()) {
        return Some(PathBuf::from(named));
    }
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    let places = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.into_iter().find(|place| place.is_file())
}

/// Chromium and its driver, where both are installed.
pub(super) fn browser() -> Option<(PathBuf, PathBuf)> {
    Some((find(CHROMIUM)?, find(CHROMEDRIVER)?))
}

/// The source of axe-core. It is under the MPL, so it is fetched and never part of the project.
/// `None`, and a word on standard error, where it is missing and may be.
///
/// # Panics
/// When it is missing and `WITHOUT_AXE` does not say that it may be.
#[must_use]
pub fn axe() -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.local/tools/axe/axe.min.js");
    let source = fs::read_to_string(file).ok();
    if source.is_none() {
        excuse("axe-core", "WITHOUT_AXE", "accessibility is");
    }
    source
}

/// Lets a test pass without a program only when somebody said that it may.
pub(super) fn excuse(program: &str, variable: &str, untested: &str) {
    let excused =
        env::var(variable).is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    assert!(
        excused,
        "{program} is missing. `scripts/setup.sh test` installs it; where that is impossible, set \
         {variable}=1 to go on without it: {untested} then not tested."
    );
    eprintln!("WARNING: {variable} is set and {program} is missing: {untested} NOT tested.");
}
