//! Try the API.

use end_to_end::browser::{Look, visit};

#[test]
fn one_registers_logs_in_and_calls_an_endpoint_with_request_and_response_in_sight() {
    visit(Look::DESKTOP, |browser| {
        browser.open("/try");
        browser.wait_for("#sign-in-form");
        browser.js("document.querySelector('#sign-in-form [name=password]').value = 'correct horse battery'");
        browser.click("#register");
        browser.wait_for_text("#sign-in-status", "Signed in as");
        browser.wait_for_text("#sign-in-exchanges", "POST /api/v1/sessions");
        let get = "#op-get-api-v1-todos";
        browser.click(&format!("{get} > summary"));
        browser.wait_for(&format!("{get} .try-form button"));
        browser.click(&format!("{get} .try-form button"));
        browser.wait_for_text(&format!("{get} figure.request pre"), "GET /api/v1/todos");
        browser.wait_for_text(&format!("{get} figure.response.good pre"), "200");
        browser.click("#log-out");
        browser.wait_for_text("#sign-in-status", "Nobody");
        browser.click(&format!("{get} .try-form button"));
        browser.wait_for_text(&format!("{get} figure.response.bad pre"), "401");
    });
}
