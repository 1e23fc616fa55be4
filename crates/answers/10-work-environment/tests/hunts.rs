//! What is claimed of each way to meet a defect, for every defect that a seed can choose.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use evidence::{Interrupt, Recorder, Scale, Stage};
use work_environment::desk::Desk;
use work_environment::hunts::{searching, testing};
use work_environment::project::{DEFECTS, Project};
use work_environment::setup::{by_a_doctor, by_failing, by_one_command};
use work_environment::site::Site;
use work_environment::suite::{OWN_TESTS, Testing, Work};

fn stage(seed: u64) -> Stage {
    Stage::new(Arc::new(Recorder::default()), Scale::Quick, seed, Interrupt::default())
}

#[test]
fn each_seeded_defect_passes_the_compiler_and_fails_exactly_one_test() {
    let project = Project::create(&Interrupt::default()).unwrap();
    for defect in DEFECTS {
        project.go_to("main").unwrap();
        assert!(project.desk().line(testing::TEST).unwrap().success, "the shop itself is right");
        project.edit(defect.from, defect.to).unwrap();
        let checked = project.desk().line("cargo check --quiet").unwrap();
        assert!(checked.success && checked.err.is_empty(), "{}: {}", defect.name, checked.err);
        let tested = project.desk().line(testing::TEST).unwrap();
        assert!(!tested.success, "{}", defect.name);
        assert!(tested.out.contains("3 passed; 1 failed"), "{}: {}", defect.name, tested.out);
    }
}

#[test]
fn every_search_ends_at_the_release_or_the_step_that_is_guilty() {
    for seed in 0..3 {
        let site = Site::open(&stage(seed), 6).unwrap();
        let guilty = &site.commits[site.guilty][..8];
        let back = searching::one_by_one(&site).unwrap();
        let bisected = searching::bisect(&site).unwrap();
        assert!(back.clue.ends_with(guilty) && bisected.clue.ends_with(guilty), "{seed}");
        assert!(bisected.tried <= 3, "{seed}: {}", bisected.tried);
        assert_eq!(
            searching::by_the_log(&site).unwrap().clue,
            format!("step {}", site.defect.step)
        );
        assert_eq!(back.wrong, site.wrong.a_day * site.releases_with_it(), "{seed}");
    }
}

#[test]
fn a_test_a_hook_and_ci_name_the_same_assertion_and_only_ci_lets_a_commit_through() {
    let site = Site::open(&stage(0), 4).unwrap();
    let test = testing::at_the_edit(&site).unwrap();
    let hook = testing::in_a_hook(&site).unwrap();
    let ci = testing::in_ci(&site).unwrap();
    assert!(test.clue.starts_with("src/tests.rs:"), "{}", test.clue);
    assert_eq!((&test.clue, &test.clue), (&hook.clue, &ci.clue));
    assert_eq!((test.commits, hook.commits, ci.commits), (0, 0, 1));
    assert_eq!((test.wrong, hook.wrong, ci.wrong), (0, 0, 0));
    assert_eq!(testing::elsewhere(&site).unwrap().wrong, site.wrong.in_all);
}

#[test]
fn a_clone_gives_its_first_result_after_seven_commands_five_or_one() {
    let project = Project::create(&Interrupt::default()).unwrap();
    let failing = by_failing(&project).unwrap();
    assert_eq!((failing.commands, failing.failed_runs), (7, 3));
    assert_eq!(by_a_doctor(&project).unwrap().commands, 5);
    assert_eq!(by_one_command(&project).unwrap().commands, 1);
}

#[test]
fn tests_at_the_end_leave_every_edit_suspect_and_tests_at_each_edit_one() {
    let project = Project::create(&Interrupt::default()).unwrap();
    let work = Work { edits: 3, wrong: 2, others: 10, defect: DEFECTS[0] };
    let perform = |testing| work.perform(&project, "main", testing).unwrap();
    let own = perform(Testing::OwnAtEachEdit);
    assert_eq!((own.edits, own.tests, own.suspects), (2, 2 * OWN_TESTS, 1));
    let all = perform(Testing::AllAtEachEdit);
    assert_eq!((all.edits, all.tests, all.suspects), (2, 2 * (OWN_TESTS + 10), 1));
    let end = perform(Testing::AllAtTheEnd);
    assert_eq!((end.edits, end.tests, end.suspects), (3, OWN_TESTS + 10, 3));
}

#[test]
fn a_command_ends_when_the_reader_stops_the_demo() {
    let interrupt = Interrupt::default();
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::new(folder.path().into(), &interrupt);
    let began = folder.path().join("began");
    let waiting =
        std::thread::spawn(move || desk.run(&["sh", "-c", "echo > began; exec sleep 50"]));
    while !began.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let asked = Instant::now();
    interrupt.request();
    let stopped = waiting.join().unwrap();
    assert!(stopped.is_err(), "{stopped:?}");
    assert!(asked.elapsed() < Duration::from_secs(45), "it was not waited for");
}
