//! The front page.

use end_to_end::browser::{Look, visit, visit_both};

const TAB: char = '\u{E004}';
const ENTER: char = '\u{E007}';

#[test]
fn a_newcomer_finds_eighteen_questions_and_one_first_step() {
    visit_both(|browser| {
        browser.open("/");
        assert_eq!(browser.count("#results ol.rows > li.row"), 18);
        browser.click("#start");
        browser.wait("the answer", "location.pathname === '/answers/create-user'");
        browser.wait_for("main h1");
    });
}

#[test]
fn the_search_follows_what_is_typed_and_says_how_many_it_found() {
    visit_both(|browser| {
        browser.open("/");
        browser.write("#q", "partition");
        browser.wait("the address", "location.search === '?q=partition'");
        browser.wait("fewer rows", "document.querySelectorAll('#results li.row').length < 18");
        assert!(browser.shows("#results li.row[data-slug=log-partitions]"));
        assert_ne!(browser.text("#results .result-count"), "");
        browser.open("/?q=zzzzqqq");
        assert_eq!(browser.count("#results li.row[data-slug]"), 0);
    });
}

#[test]
fn the_keyboard_alone_leads_past_the_header_to_the_first_step() {
    visit(Look::DESKTOP, |browser| {
        browser.open("/");
        browser.press(&TAB.to_string());
        browser.wait("the skip link", "document.activeElement.matches('a.skip')");
        browser.press(&ENTER.to_string());
        browser.wait("the content", "location.hash === '#main'");
        browser.press(&TAB.to_string());
        browser.wait("the first step", "document.activeElement.id === 'start'");
        browser.press(&ENTER.to_string());
        browser.wait("the answer", "location.pathname === '/answers/create-user'");
    });
}

#[test]
fn the_first_page_weighs_at_most_a_hundred_kilobytes_in_few_requests() {
    visit(Look::DESKTOP, |browser| {
        browser.open("/");
        let bytes = browser.js("return performance.getEntriesByType('navigation')
                 .concat(performance.getEntriesByType('resource'))
                 .reduce((sum, one) => sum + one.transferSize, 0)");
        let bytes = bytes.as_u64().unwrap();
        assert!((1_000..=100_000).contains(&bytes), "{bytes} bytes");
        let asked = browser.requests();
        assert!(asked.len() <= 10, "each request is a round trip: {asked:?}");
    });
}

#[test]
fn without_scripts_the_search_is_a_form() {
    visit(Look::DESKTOP.without_scripts(), |browser| {
        browser.open("/");
        browser.write("#q", "partition");
        browser.click("#search button");
        browser.wait("the results", "location.search === '?q=partition'");
        assert_eq!(browser.count("#results li.row[data-slug=log-partitions]"), 1);
    });
}
