//! Demos that run while somebody looks on. One test at a time: demos wait for each other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use backend::answers::{ANSWERS, switches};
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};
use end_to_end::browser::{Browser, Look, Site};
use local_services::Purpose;
use serde_json::json;

use crate::accessible::{assert_accessible, assert_accessible_in};

const ENTER: &str = "\u{E007}";

/// The site, to oneself; it is kept while one waits for one's turn.
fn alone() -> Option<(Arc<Site>, MutexGuard<'static, ()>)> {
    static LINE: Mutex<()> = Mutex::new(());
    let site = Site::shared()?;
    Some((site, LINE.lock().unwrap_or_else(PoisonError::into_inner)))
}

#[test]
fn a_quick_run_is_followed_to_its_verdict_with_ladder_checks_charts_and_plans() {
    let Some((site, _alone)) = alone() else { return };
    site.visit(Look::DESKTOP, |browser| {
        browser.open("/answers/log-partitions");
        browser.click("#run-start");
        browser.wait_for("#live .step");
        browser.wait_for("#live-ending .verdict.passed");
        for part in [
            "ul.checks li.held",
            "figure.chart img",
            "table.ladder tr.wrong, table.ladder tr.tempting",
        ] {
            assert!(browser.count(&format!("#live {part}")) > 0, "{part}");
        }
        assert!(browser.count("#live .plans") > 0);
        browser.wait("the end", "!document.querySelector('#demo').hasAttribute('data-running')");
        browser.wait_for("#your-story[data-origin=here]");
        assert_accessible(browser, "an answer after its run");
    });
}

#[test]
fn the_keyboard_alone_starts_a_run_and_stops_it() {
    let Some((site, _alone)) = alone() else { return };
    site.visit(Look::DESKTOP.dark(), |browser| {
        browser.open("/answers/log-partitions");
        browser.tab_to(".jump a[href='#run']");
        browser.press(ENTER);
        browser.tab_to("input[name=scale]");
        browser.press("\u{E015}\u{E015}");
        browser.wait("full", "document.querySelector('input[name=scale][value=full]').checked");
        browser.tab_to("#run-start");
        browser.press(ENTER);
        browser.wait_for("#live .step");
        browser.tab_to("#run-stop");
        browser.press(ENTER);
        browser.wait_for("#live-ending .verdict.stopped");
    });
}

/// Flips a switch, by mouse or by keyboard: exactly the claims that it announces have to break.
fn flip(look: Look, slug: &str, name: &str, press: impl FnOnce(&Browser, &str)) {
    let Some((site, _alone)) = alone() else { return };
    let answer = ANSWERS.iter().find(|answer| answer.slug == slug).unwrap();
    let switch = switches(answer).iter().find(|switch| switch.name == name).unwrap();
    let mut announced = switch.breaks.to_vec();
    announced.sort_unstable();
    site.visit(look, |browser| {
        browser.open(&format!("/interviewer/{slug}"));
        press(browser, &format!("#{name} form.flip button.primary"));
        let changed = format!("#changed-{name}");
        browser.wait_for(&format!("{changed} .expectation"));
        let broken = browser.js(&format!(
            "return [...document.querySelectorAll('{changed} li[data-claim]:has(.side:last-child.broken)')]
                 .map((claim) => claim.dataset.claim).sort()"
        ));
        assert_eq!(broken, json!(announced), "{}", browser.text(&changed));
        assert!(browser.shows(&format!("{changed} .expectation.held")));
        assert_eq!(
            browser.count(&format!("{changed} .side:first-child.held")),
            announced.len() as u64,
            "each of them held before"
        );
        assert_accessible_in(browser, &[look], name);
    });
}

#[test]
fn dropping_the_index_breaks_what_it_announces() {
    flip(Look::DESKTOP, "slow-query", "index-dropped", Browser::click);
}

#[test]
fn leaving_if_match_out_breaks_what_it_announces_on_a_phone() {
    flip(Look::PHONE, "todo-api", "no-if-match", Browser::click);
}

#[test]
fn turning_the_limit_off_breaks_what_it_announces_by_the_keyboard_alone() {
    flip(Look::DESKTOP, "auth", "limit-off", |browser, button| {
        browser.tab_to(button);
        browser.press(ENTER);
    });
}

#[test]
fn taking_redis_away_breaks_what_it_announces_on_a_phone() {
    flip(Look::PHONE, "caching", "redis-gone", Browser::click);
}

#[test]
fn a_second_demo_waits_sees_the_queue_and_goes_on_when_the_first_is_stopped() {
    let Some((site, _alone)) = alone() else { return };
    site.visit(Look::DESKTOP, |first| {
        first.open("/answers/log-partitions");
        first.click("label:has(> input[name=scale][value=full])");
        first.click("#run-start");
        first.wait_for("#run-stop");
        site.visit(Look::PHONE, |second| {
            second.open("/answers/create-user");
            second.click("#run-start");
            second.wait_for("#run-queue p.notice");
            second.wait_for_text("#run-queue ol.queue", "partitioning");
            first.click("#run-stop");
            first.wait_for("#live-ending .verdict.stopped");
            second.wait_for("#live .step");
            second.wait_for("#live-ending .verdict.passed");
            assert!(!second.shows("#run-queue ol.queue"));
        });
    });
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn scratch_databases(admin: &mut PgConnection, process: u32) -> i64 {
    sql_query("SELECT count(*) AS count FROM pg_database WHERE datname LIKE $1")
        .bind::<Text, _>(format!("show_your_work_scratch_{process}_%"))
        .get_result::<Count>(admin)
        .unwrap()
        .count
}

#[test]
fn closing_the_tab_stops_the_run_and_leaves_no_scratch_database() {
    let Some((site, _alone)) = alone() else { return };
    let url = local_services::server_url(Purpose::Test).unwrap();
    let mut admin = PgConnection::establish(&url).unwrap();
    let process = site.backend().id();
    // A browser of its own: it is closed with everything it holds.
    let browser = site.browser(Look::DESKTOP);
    browser.open("/answers/log-partitions");
    browser.click("label:has(> input[name=scale][value=full])");
    browser.click("#run-start");
    browser.wait_for("#live .step");
    assert!(wait_until(|| scratch_databases(&mut admin, process) == 1), "it has its database");
    drop(browser);
    assert!(wait_until(|| scratch_databases(&mut admin, process) == 0), "and it is gone");
}

fn wait_until(mut condition: impl FnMut() -> bool) -> bool {
    for _ in 0..600 {
        if condition() {
            return true;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    false
}
