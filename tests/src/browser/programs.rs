//! Where Chromium, its driver and axe-core are; `scripts/setup.sh test` installs them.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

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
///
/// # Errors
/// When it was not fetched.
pub fn axe() -> io::Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.local/tools/axe/axe.min.js");
    fs::read_to_string(root)
}

/// Whether this is a machine on which nothing may be left out.
pub(super) fn in_ci() -> bool {
    env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}
