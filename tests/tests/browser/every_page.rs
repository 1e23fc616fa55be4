//! What holds on every page: at both widths, in both themes, with and without scripts.

use end_to_end::browser::{Browser, Look, axe, visit};

const PAGES: [&str; 12] = [
    "/",
    "/?q=index",
    "/answers/log-partitions",
    "/answers/slow-query",
    "/answers/log-partitions/sources/0",
    "/practice",
    "/practice/log-partitions",
    "/interviewer",
    "/interviewer/todo-api",
    "/try",
    "/problems",
    "/problems/malformed",
];

#[test]
fn no_page_scrolls_sideways_on_a_phone_or_carries_inline_code() {
    visit(Look::PHONE, |browser| {
        for page in PAGES {
            browser.open(page);
            let width = browser.js("return document.documentElement.scrollWidth");
            assert_eq!(width, 390, "{page}");
            assert_eq!(browser.count("script:not([src]), style, [style], [onclick]"), 0, "{page}");
            assert_eq!(browser.count("h1"), 1, "{page}");
        }
    });
}

#[test]
fn every_page_can_be_read_without_scripts() {
    visit(Look::DESKTOP.without_scripts(), |browser| {
        for page in PAGES {
            browser.open(page);
            assert!(browser.shows("main h1"), "{page}");
            assert!(browser.text("main").len() > 100, "{page}");
        }
    });
}

/// Serious and critical findings of axe-core in the page that is shown.
fn findings(browser: &Browser, axe: &str) -> Vec<String> {
    browser.js(axe);
    browser.js("axe.run(document, {resultTypes: ['violations']}).then((found) => { window.found = found; })");
    browser.wait("axe-core", "window.found");
    let found = browser.js(
        "return window.found.violations.filter((one) => ['serious', 'critical'].includes(one.impact))
             .map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).slice(0, 3)}`)",
    );
    let found = found.as_array().unwrap().iter();
    found.map(|one| one.as_str().unwrap().to_owned()).collect()
}

fn accessible_in(look: Look) {
    let source = match axe() {
        Ok(source) => source,
        Err(_) if std::env::var_os("CI").is_none() => {
            eprintln!(
                "WARNING: without axe-core (scripts/setup.sh test) accessibility is NOT tested."
            );
            return;
        }
        Err(error) => panic!("axe-core: {error}"),
    };
    visit(look, |browser| {
        for page in PAGES {
            browser.open(page);
            assert_eq!(findings(browser, &source), Vec::<String>::new(), "{page}");
        }
    });
}

#[test]
fn axe_finds_nothing_serious_in_light_colours() {
    accessible_in(Look::DESKTOP);
}

#[test]
fn axe_finds_nothing_serious_in_dark_colours_on_a_phone() {
    accessible_in(Look::PHONE.dark());
}
