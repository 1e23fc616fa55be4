//! What the READMEs say is what the code does.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::path::PathBuf;
use std::sync::Arc;

use backend::answers::ANSWERS;
use end_to_end::test_names::{names_in, test_names};
use evidence::{Answer, Event, Recorder, RunOptions, Scale, Verdict, rules, workspace};

/// As in the backend: the demo of answer 2 counts allocations.
#[global_allocator]
static ALLOCATOR: code_performance::allocations::CountingAllocator =
    code_performance::allocations::CountingAllocator::system();

/// The folder on disk; this test runs in `tests/`, one step below the root.
fn folder(answer: &Answer) -> PathBuf {
    workspace::root().unwrap().join(workspace::answer_folder(answer))
}

/// Runs the demo at the scale that tests use.
fn quick_run(answer: &Answer) -> (Verdict, Vec<Event>) {
    let recorder = Arc::new(Recorder::default());
    let options = RunOptions { scale: Scale::Quick, ..RunOptions::default() };
    let verdict = evidence::run(answer, &options, recorder.clone());
    (verdict, recorder.events())
}

/// What the demo itself says went wrong.
fn failed_checks(events: &[Event]) -> Vec<&str> {
    let failed = events.iter().filter_map(|event| match event {
        Event::Check { claim, passed: false, .. } => Some(claim.as_str()),
        _ => None,
    });
    failed.collect()
}

#[test]
fn every_demo_passes_and_every_claim_of_its_readme_has_its_proof() {
    for answer in ANSWERS {
        let (verdict, events) = quick_run(answer);
        let failed = failed_checks(&events);
        let ending = events.last();
        assert_eq!(verdict, Verdict::Passed, "{}: {failed:?} {ending:?}", answer.slug);
        let tests = test_names(&folder(answer)).unwrap();
        let violations = rules::readme_violations(answer, &folder(answer), &events, &tests);
        assert_eq!(violations, Vec::<String>::new(), "{}", answer.slug);
    }
}

#[test]
fn a_claim_whose_check_did_not_pass_is_found() {
    for answer in ANSWERS {
        let tests = test_names(&folder(answer)).unwrap();
        let no_run: [Event; 0] = [];
        let violations = rules::readme_violations(answer, &folder(answer), &no_run, &tests);
        assert!(!violations.is_empty(), "{}: without a run no check has passed", answer.slug);
    }
}

#[test]
fn tests_are_known_by_their_attribute() {
    let text = "#[test] fn a() {} #[actix_web::test] async fn b() {} fn c() {} \
                mod inner { #[tokio::test(start_paused = true)] async fn d() {} }";
    let names: Vec<String> = names_in(text).into_iter().collect();
    assert_eq!(names, ["a", "b", "d"]);
}
