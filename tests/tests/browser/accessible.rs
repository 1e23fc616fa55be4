//! Serious and critical findings of axe-core in what a browser shows.

use end_to_end::browser::{Browser, Look, Theme, axe};

/// Examines the page as it is, in both themes and at both widths, without loading it again.
#[track_caller]
pub(crate) fn assert_accessible(browser: &Browser, what: &str) {
    assert_accessible_in(browser, &[Look::DESKTOP, Look::PHONE], what);
}

/// The same at the widths of these looks.
#[track_caller]
pub(crate) fn assert_accessible_in(browser: &Browser, looks: &[Look], what: &str) {
    for look in looks.iter().flat_map(|look| [*look, look.dark()]) {
        assert_accessible_as(browser, look, what);
    }
}

/// The same in one look: everything in light colours, what depends on colours in dark ones.
#[track_caller]
pub(crate) fn assert_accessible_as(browser: &Browser, look: Look, what: &str) {
    let Some(source) = axe() else { return };
    if browser.js("return window.axe === undefined") == true {
        browser.js(&source);
    }
    browser.set_look(look);
    assert_eq!(findings(browser, look.theme), Vec::<String>::new(), "{what}, {look:?}");
}

fn findings(browser: &Browser, theme: Theme) -> Vec<String> {
    let rules = match theme {
        Theme::Light => "",
        Theme::Dark => "runOnly: ['color-contrast', 'link-in-text-block'],",
    };
    browser.js(&format!(
        "window.found = null;
         axe.run(document, {{{rules} resultTypes: ['violations']}})
             .then((found) => {{ window.found = found.violations; }});"
    ));
    browser.wait("axe-core", "window.found");
    let found = browser.js(
        "return window.found.filter((one) => ['serious', 'critical'].includes(one.impact))
             .map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).slice(0, 3)}`)",
    );
    let found = found.as_array().unwrap().iter();
    found.map(|one| one.as_str().unwrap().to_owned()).collect()
}
