//! What holds on every page: at both widths, in both themes, with and without scripts.

use actix_web::rt::System;
use awc::http::{Method, StatusCode};
use end_to_end::browser::{Look, Site, visit};

use crate::accessible::assert_accessible_in;

const PAGES: [&str; 15] = [
    "/",
    "/?q=index",
    "/?q=zzzzqqq",
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
    "/answers/nothing",
    "/nowhere",
];

#[test]
fn no_page_scrolls_sideways_or_carries_inline_code() {
    for look in [Look::PHONE, Look::DESKTOP] {
        visit(look, |browser| {
            for page in PAGES {
                browser.open(page);
                let width = browser.js("return document.documentElement.scrollWidth");
                assert!(width.as_u64().unwrap() <= u64::from(look.width), "{page}: {width}");
                let inline = browser.count("script:not([src]), style, [style], [onclick]");
                assert_eq!(inline, 0, "{page}");
                assert_eq!(browser.count("h1"), 1, "{page}");
            }
        });
    }
}

/// Whatever a page shows on a phone can be seen there: only code and pictures move sideways.
#[test]
fn on_a_phone_no_table_is_cut_off() {
    visit(Look::PHONE, |browser| {
        for page in PAGES {
            browser.open(page);
            browser
                .js("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
            let wide = browser.js("return [...document.querySelectorAll('.scroll:has(> table)')]
                     .filter((one) => one.scrollWidth > one.clientWidth + 1)
                     .map((one) => one.textContent.slice(0, 60))");
            assert_eq!(wide, serde_json::json!([]), "{page}");
        }
    });
}

#[test]
fn every_page_can_be_read_without_scripts() {
    visit(Look::DESKTOP.without_scripts(), |browser| {
        for page in PAGES {
            browser.open(page);
            assert!(browser.shows("main h1"), "{page}");
            assert!(browser.text("main").len() > 60, "{page}");
        }
    });
}

#[test]
fn axe_finds_nothing_serious_at_a_desk_in_light_and_dark() {
    accessible(Look::DESKTOP);
}

#[test]
fn axe_finds_nothing_serious_on_a_phone_in_light_and_dark() {
    accessible(Look::PHONE);
}

fn accessible(look: Look) {
    visit(look, |browser| {
        for page in PAGES {
            browser.set_look(look);
            browser.open(page);
            assert_accessible_in(browser, &[look], page);
        }
    });
}

#[test]
fn pages_and_errors_alike_forbid_inline_code_and_foreign_addresses() {
    let Some(site) = Site::shared() else { return };
    let html = "text/html,application/xhtml+xml";
    let errors = [
        (Method::GET, "/answers/nothing", html, 404),
        (Method::GET, "/nowhere", html, 404),
        (Method::GET, "/nowhere", "application/json", 404),
        (Method::DELETE, "/practice", html, 405),
        (Method::GET, "/api/v1/todos", html, 401),
        (Method::GET, "/api/v1/logs?limit=none", html, 400),
        (Method::POST, "/runs/999999/stop", html, 404),
    ];
    let pages = PAGES[..13].iter().map(|page| (Method::GET, *page, html, 200));
    for (method, path, accept, status) in pages.chain(errors) {
        let (found, policy) = asked(site.backend().base(), method.clone(), path, accept);
        assert_eq!(found, status, "{method} {path}");
        assert!(policy.starts_with("default-src 'none'"), "{method} {path}: {policy}");
        assert!(
            !policy.contains("unsafe") && !policy.contains("http"),
            "{method} {path}: {policy}"
        );
    }
}

/// Status and content security policy.
fn asked(base: &str, method: Method, path: &str, accept: &str) -> (StatusCode, String) {
    System::new().block_on(async {
        let request = awc::Client::new().request(method, format!("{base}{path}"));
        let response = request.insert_header(("accept", accept)).send().await.unwrap();
        let policy = response.headers().get("content-security-policy");
        let policy = policy.map_or("", |value| value.to_str().unwrap()).to_owned();
        (response.status(), policy)
    })
}
