//! Demos that run while somebody looks on. One test at a time: demos wait for each other.

use std::sync::{Mutex, MutexGuard, PoisonError};

use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};
use end_to_end::browser::{Look, Site, visit};
use local_services::Purpose;

fn alone() -> MutexGuard<'static, ()> {
    static LINE: Mutex<()> = Mutex::new(());
    LINE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_quick_run_is_followed_to_its_verdict_with_ladder_checks_charts_and_plans() {
    let _alone = alone();
    visit(Look::DESKTOP, |browser| {
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
    });
}

#[test]
fn a_flipped_switch_shows_what_changed() {
    let _alone = alone();
    visit(Look::PHONE, |browser| {
        browser.open("/interviewer/todo-api");
        browser.click("#no-if-match form.flip button.primary");
        browser.wait_for("#changed-no-if-match .expectation.held");
        assert!(browser.count("#changed-no-if-match .side.held") > 0);
        assert!(browser.count("#changed-no-if-match .side.broken") > 0);
    });
}

#[test]
fn a_second_demo_waits_sees_the_queue_and_goes_on_when_the_first_is_stopped() {
    let _alone = alone();
    let Some(site) = Site::shared() else { return };
    site.visit(Look::DESKTOP, |first| {
        first.open("/answers/log-partitions");
        first.click("label:has(> input[name=scale][value=full])");
        first.click("#run-start");
        first.wait_for("#run-stop");
        site.visit(Look::PHONE, |second| {
            second.open("/answers/create-user");
            second.click("#run-start");
            second.wait_for("#run-queue p.notice");
            second.wait_for_text("#run-queue ol.queue", "log-partitions");
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
    let _alone = alone();
    let Some(site) = Site::shared() else { return };
    let url = local_services::server_url(Purpose::Test).unwrap();
    let mut admin = PgConnection::establish(&url).unwrap();
    let process = site.backend().id();
    site.visit(Look::DESKTOP, |browser| {
        browser.open("/answers/log-partitions");
        browser.click("label:has(> input[name=scale][value=full])");
        browser.click("#run-start");
        browser.wait_for("#live .step");
        assert!(wait_until(|| scratch_databases(&mut admin, process) == 1), "it has its database");
        browser.open("data:text/plain,://elsewhere");
    });
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
