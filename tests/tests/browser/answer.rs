//! An answer: its story, its code, and a guess before the number.

use end_to_end::browser::{Look, visit, visit_both};

#[test]
fn the_story_is_told_in_four_ways_and_says_that_it_was_measured_on_a_demo() {
    visit_both(|browser| {
        browser.open("/answers/log-partitions");
        for way in ["30s-junior", "30s-senior", "2min-junior", "2min-senior"] {
            browser.click(&format!("label:has(> input[name=story][value='{way}'])"));
            browser.wait_for(&format!("#story-{way}"));
            let text = browser.text(&format!("#story-{way}"));
            assert!(text.contains("measured on a demo, not in production"), "{way}: {text}");
        }
        assert!(!browser.shows("#story-30s-junior"), "one at a time");
    });
}

#[test]
fn the_story_is_copied_with_one_press() {
    visit_both(|browser| {
        browser.open("/answers/log-partitions");
        browser.wait_for("button[aria-label='Copy this story']");
        // Instead of the clipboard, which belongs to the whole machine.
        browser.js("navigator.clipboard.writeText = async (text) => { window.copied = text; };");
        browser.js("[...document.querySelectorAll(\"button[aria-label='Copy this story']\")]
                 .find((one) => one.checkVisibility()).click()");
        browser
            .wait("the text", "window.copied?.includes('measured on a demo, not in production')");
    });
}

#[test]
fn a_guess_is_judged_when_enter_reveals_the_measured_number() {
    visit_both(|browser| {
        browser.open("/answers/log-partitions");
        assert!(
            !browser
                .js("return document.querySelector('#predict .reveal').open")
                .as_bool()
                .unwrap()
        );
        browser.write("#predict .predict-card input", "1\u{E007}");
        browser.wait("the number", "document.querySelector('#predict .reveal').open");
        browser.wait("a judgement", "document.querySelector('#predict output').textContent");
        assert_eq!(browser.path(), "/answers/log-partitions", "and no demo was started");
    });
}

#[test]
fn shown_code_is_folded_on_a_phone_and_leads_to_its_whole_file() {
    visit(Look::PHONE, |browser| {
        browser.open("/answers/log-partitions");
        browser.wait("folded code", "!document.querySelector('details.code-item').open");
        browser.click("details.code-item > summary");
        browser.wait("code", "document.querySelector('details.code-item').open");
        let link = browser
            .js("return document.querySelector(\"a[href*='/sources/']\").getAttribute('href')");
        browser.open(link.as_str().unwrap());
        browser.wait_for("main h1");
    });
}

#[test]
fn an_answer_that_was_read_to_its_end_is_remembered_on_the_front_page() {
    visit_both(|browser| {
        browser.open("/answers/log-partitions");
        browser.js("document.querySelector('.neighbours').scrollIntoView()");
        browser.wait("the memory", "localStorage.getItem('show-your-work')?.includes('read')");
        browser.open("/");
        browser.wait_for("[data-progress=log-partitions]");
        browser.wait_for("#progress-summary");
    });
}
