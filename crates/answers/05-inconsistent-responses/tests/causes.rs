//! Each planted cause alone, and all of them, against two instances and a real database.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should panic.

use foundation::scratch::Scratch;
use inconsistent_responses::{
    Cause, Evidence, Lab, Ordering, Probe, Release, Report, Setup, TermsFrom, create,
};
use local_services::Purpose;

/// GETs of one probe, and when the old copy ends.
const GETS: u32 = 120;

async fn probed(setup: Setup) -> Report {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    create(&scratch).unwrap();
    let lab = Lab::open(&scratch, setup).unwrap();
    lab.let_a_copy_grow_old().await.unwrap();
    let probe = Probe { requests: GETS, ..Probe::new(lab.orders()) };
    let watch = &mut |done| {
        if done == GETS / 2 {
            lab.let_the_copy_end();
        }
        Ok(())
    };
    probe.run(watch).await.unwrap()
}

fn by_header(report: &Report, cause: Cause, header: &str) -> Option<Vec<String>> {
    report.caused_by(cause)?.evidence.iter().find_map(|one| match one {
        Evidence::Header { name, values } if name == header => Some(values.clone()),
        _ => None,
    })
}

#[actix_web::test]
async fn a_fixed_service_gives_one_response() {
    let report = probed(Setup::fixed()).await;
    assert_eq!((report.requests, report.different), (GETS, 1), "{report}");
}

#[actix_web::test]
async fn version_skew_alone_is_named_by_the_release() {
    let releases = [Release::Old, Release::New];
    let report = probed(Setup { releases, ..Setup::fixed() }).await;
    assert_eq!((report.different, report.causes()), (2, vec![Cause::VersionSkew]), "{report}");
    let patterns = &report.caused_by(Cause::VersionSkew).unwrap().patterns;
    assert_eq!(patterns, &["/orders/*/total", "/orders/*/total_cents"]);
    let mut releases = by_header(&report, Cause::VersionSkew, "x-release").unwrap();
    releases.sort();
    assert_eq!(releases, ["1.4.0", "1.5.0"]);
}

#[actix_web::test]
async fn a_stale_copy_alone_is_named_by_its_age_and_instance() {
    let terms = TermsFrom::CopyFor(std::time::Duration::from_secs(300));
    let report = probed(Setup { terms, ..Setup::fixed() }).await;
    assert_eq!((report.different, report.causes()), (2, vec![Cause::StaleCopy]), "{report}");
    let stale = report.caused_by(Cause::StaleCopy).unwrap();
    assert_eq!(stale.patterns, ["/shop/free_delivery_from_cents"]);
    let values: Vec<_> = stale.variants.iter().map(|variant| variant.value.as_deref()).collect();
    assert_eq!(values, [Some("5000"), Some("3000")], "the larger group first");
    assert!(by_header(&report, Cause::StaleCopy, "age").is_some(), "{report}");
    let from_a = |one: &Evidence| matches!(one, Evidence::Confined { variant: 1, values, .. } if values == &["a"]);
    assert!(stale.evidence.iter().any(from_a), "{report}");
}

#[actix_web::test]
async fn an_order_without_a_tie_break_alone_is_named_by_the_order() {
    let report = probed(Setup { ordering: Ordering::ByDate, ..Setup::fixed() }).await;
    assert_eq!(
        (report.different, report.causes()),
        (2, vec![Cause::UndeterminedOrder]),
        "{report}"
    );
    let order = report.caused_by(Cause::UndeterminedOrder).unwrap();
    assert_eq!(order.patterns, ["/orders"]);
    assert!(by_header(&report, Cause::UndeterminedOrder, "x-instance").is_none(), "{report}");
    let early = &order.variants[1];
    // Five executions on each of two connections; one of them answered before the probe began.
    assert_eq!(early.responses, 9, "{report}");
}

#[actix_web::test]
async fn three_causes_at_once_are_told_apart_and_fall_one_by_one() {
    let setups = [
        Setup::AS_REPORTED,
        Setup::AS_REPORTED.one_release(),
        Setup::AS_REPORTED.one_release().checked_copy(),
        Setup::fixed(),
    ];
    let causes = [Cause::VersionSkew, Cause::StaleCopy, Cause::UndeterminedOrder];
    for (fixed, (setup, different)) in setups.into_iter().zip([5, 4, 2, 1]).enumerate() {
        let report = probed(setup).await;
        assert_eq!(report.different, different, "{report}");
        assert_eq!(report.causes(), causes[fixed..], "{report}");
    }
}

#[actix_web::test]
async fn a_connection_for_each_request_changes_nothing_of_the_result() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    create(&scratch).unwrap();
    let lab = Lab::open(&scratch, Setup::fixed()).unwrap();
    let probe = Probe { requests: 20, fresh_connections: true, ..Probe::new(lab.orders()) };
    let report = probe.run(&mut |_| Ok(())).await.unwrap();
    assert_eq!((report.requests, report.different), (20, 1), "{report}");
}
