//! Practice against the clock, and what the browser remembers of it.

use end_to_end::browser::{Browser, Look, visit, visit_both};

fn practise(browser: &Browser) {
    browser.open("/practice/log-partitions");
    browser.wait_for("#clock-start");
    assert!(!browser.shows("#answer .speech"), "the answer is hidden");
    assert!(!browser.shows("#judge"));
    browser.click("#clock-start");
    browser.wait_for("#practice.speaking");
    browser.click("#clock-start");
    browser.wait_for("#judge");
}

#[test]
fn a_question_is_answered_against_the_clock_and_comes_back_when_it_is_due() {
    visit_both(|browser| {
        practise(browser);
        browser.click("#answer > summary");
        browser.wait_for("#answer .speech");
        browser.click(".checklist label.tick");
        browser.click("#judge [data-grade=missed]");
        browser.wait_for_text("#judge-status", "Box 0 of 5");
        browser.open("/practice/log-partitions");
        browser.wait_for("label.missed-before");
        browser.open("/practice");
        browser.wait_for_text("[data-box=log-partitions]", "due");
        browser.wait_for_text("#due-summary", "1 due");
        browser.click("#draw");
        browser.wait("what is due", "location.pathname === '/practice/log-partitions'");
    });
}

#[test]
fn each_follow_up_is_asked_when_the_one_before_was_answered() {
    visit_both(|browser| {
        browser.open("/practice/log-partitions");
        browser
            .wait("one question", "document.querySelectorAll('.depth:not([hidden])').length === 1");
        for depth in [1, 2] {
            browser.click(&format!(".depth:nth-child({depth}) summary"));
            browser.wait_for(&format!(".depth:nth-child({})", depth + 1));
        }
        assert_eq!(browser.count(".depth"), 3);
    });
}

#[test]
fn the_keyboard_alone_starts_the_clock_and_judges() {
    visit(Look::DESKTOP.dark(), |browser| {
        browser.open("/practice/log-partitions");
        browser.wait_for("#clock-start");
        browser.tab_to("#clock-start");
        browser.press(" ");
        browser.wait_for("#practice.speaking");
        browser.press(" ");
        browser.wait_for("#judge");
        browser.tab_to("#judge [data-grade=said]");
        browser.press(" ");
        browser.wait_for_text("#judge-status", "Box 1 of 5");
    });
}

#[test]
fn progress_is_exported_cleared_and_imported_again() {
    visit_both(|browser| {
        practise(browser);
        browser.click("#judge [data-grade=said]");
        browser.open("/practice");
        // The file that would be downloaded is kept in the page.
        browser.js("const make = URL.createObjectURL;
                    URL.createObjectURL = (file) => { file.text().then((text) => { window.file = text; }); return make(file); };");
        browser.click("#export");
        browser.wait("the file", "window.file?.includes('log-partitions')");
        let exported = browser.js("return window.file");
        browser.click("#clear");
        assert!(browser.text("[data-box=log-partitions]").contains("box 1"), "asked first");
        browser.click("#clear");
        browser.wait_for_text("#memory-status", "Cleared.");
        browser.wait("nothing", "!localStorage.getItem('show-your-work')");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("progress.json");
        std::fs::write(&file, exported.as_str().unwrap()).unwrap();
        browser.write("#import", file.to_str().unwrap());
        browser.wait_for_text("#memory-status", "Imported 1");
        browser.wait_for_text("[data-box=log-partitions]", "box 1 of 5");
    });
}
