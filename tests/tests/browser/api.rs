//! Try the API.

use end_to_end::browser::{Browser, Look, visit, visit_both};

const GET: &str = "#op-get-api-v1-todos";

#[test]
fn one_registers_logs_in_and_calls_an_endpoint_with_request_and_response_in_sight() {
    visit_both(|browser| {
        browser.open("/try");
        browser.wait_for("#sign-in-form");
        browser.click("#register");
        is_signed_in(browser);
        browser.click(&format!("{GET} > summary"));
        browser.wait_for(&format!("{GET} .try-form button"));
        browser.click(&format!("{GET} .try-form button"));
        browser.wait_for_text(&format!("{GET} figure.request pre"), "GET /api/v1/todos");
        browser.wait_for_text(&format!("{GET} figure.response.good pre"), "200");
        browser.click("#log-out");
        browser.wait_for_text("#sign-in-status", "Nobody");
        browser.click(&format!("{GET} .try-form button"));
        browser.wait_for_text(&format!("{GET} figure.response.bad pre"), "401");
    });
}

#[test]
fn the_keyboard_alone_registers_logs_in_and_calls() {
    visit(Look::DESKTOP, |browser| {
        browser.open("/try");
        browser.wait_for("#sign-in-form");
        browser.tab_to("#register");
        browser.press(" ");
        is_signed_in(browser);
        browser.tab_to(&format!("{GET} > summary"));
        browser.press(" ");
        browser.wait_for(&format!("{GET} .try-form button"));
        browser.tab_to(&format!("{GET} .try-form button"));
        browser.press(" ");
        browser.wait_for_text(&format!("{GET} figure.response.good pre"), "200");
    });
}

fn is_signed_in(browser: &Browser) {
    browser.wait_for_text("#sign-in-status", "Signed in as");
    browser.wait_for_text("#sign-in-exchanges", "POST /api/v1/sessions");
}
