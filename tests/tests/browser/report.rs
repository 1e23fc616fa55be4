//! The report: one file, opened from the disk.

use std::process::Command;

use end_to_end::binary;
use end_to_end::browser::{Look, Site};

use crate::accessible::assert_accessible_as;

#[test]
fn a_report_opened_from_disk_is_whole_by_itself_and_marks_recorded_runs() {
    let Some(site) = Site::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.html");
    let mut command = Command::new(binary::path("backend").unwrap());
    command.env("SHOW_YOUR_WORK_HOME", folder.path()).args(["report", "--recorded", "--out"]);
    assert!(command.arg(&file).status().unwrap().success());
    let address = format!("file://{}", file.display());
    for look in [Look::PHONE, Look::DESKTOP.dark()] {
        site.visit(look, |browser| {
            browser.open(&address);
            let asked = browser.requests().into_iter().filter(|url| url.starts_with("http"));
            let ours = format!("{}/", site.backend().base());
            let asked: Vec<String> = asked.filter(|url| !url.starts_with(&ours)).collect();
            assert_eq!(asked, Vec::<String>::new(), "nothing is fetched");
            assert_eq!(browser.count("table.report-summary tbody tr"), 18);
            assert_eq!(browser.count("table.report-summary .recorded-kind"), 18);
            assert_eq!(browser.count("section.report-part h2 .recorded-kind"), 18);
            assert!(browser.shows(".recorded-mark"), "and the head says so");
            assert_eq!(browser.count("link[href], script, img:not([src^='data:'])"), 0);
            browser.js(
                "document.querySelectorAll('img').forEach((one) => { one.loading = 'eager'; })",
            );
            browser
                .wait("every chart", "[...document.images].every((one) => one.naturalWidth > 0)");
            let width = browser.js("return document.documentElement.scrollWidth");
            assert!(width.as_u64().unwrap() <= u64::from(look.width), "{width}");
            assert_accessible_as(browser, look, "the report");
        });
    }
}
