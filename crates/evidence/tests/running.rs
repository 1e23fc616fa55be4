//! How a run ends, and how it is stopped.
#![allow(clippy::unwrap_used)] // A test that cannot go on should stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use evidence::{
    Answer, Event, Interrupt, Needs, Outcome, Recorder, RunOptions, Scale, Stage, Verdict,
};

fn answer(demo: fn(&Stage) -> Outcome) -> Answer {
    Answer {
        number: 1,
        slug: "slug",
        title: "Title",
        readme: "",
        sources: &[],
        recorded: "",
        needs: |_| Needs::default(),
        demo,
        routes: None,
    }
}

/// Runs a demo and returns its events with the verdict.
fn run(demo: fn(&Stage) -> Outcome) -> (Verdict, Vec<Event>) {
    let recorder = Arc::new(Recorder::default());
    let verdict = evidence::run(&answer(demo), &RunOptions::default(), recorder.clone());
    (verdict, recorder.events())
}

fn error(events: &[Event]) -> Option<String> {
    match events.last().unwrap() {
        Event::Finished { error, .. } => error.clone(),
        other => panic!("the last event is {other:?}"),
    }
}

fn holds(stage: &Stage) -> Outcome {
    stage.check("one", "it holds", true);
    Ok(())
}

#[test]
fn a_run_passes_when_every_check_holds() {
    let (verdict, events) = run(holds);
    assert_eq!((verdict, error(&events)), (Verdict::Passed, None));
    assert!(matches!(&events[0], Event::Started { seed: 42, scale: Scale::Default, .. }));
}

#[test]
fn a_failed_check_fails_the_run_and_the_demo_goes_on() {
    let (verdict, events) = run(|stage| {
        stage.check("one", "it breaks", false);
        stage.check("two", "it holds", true);
        Ok(())
    });
    assert_eq!(verdict, Verdict::Failed);
    assert!(matches!(events.last(), Some(Event::Finished { passed: 1, failed: 1, .. })));
}

#[test]
fn a_demo_that_checks_nothing_fails() {
    let (verdict, events) = run(|_| Ok(()));
    assert_eq!(verdict, Verdict::Failed);
    assert!(error(&events).unwrap().contains("checked nothing"));
}

#[test]
fn an_error_and_a_panic_both_end_in_a_failed_run() {
    let (verdict, events) = run(|stage| {
        holds(stage)?;
        Err("no such table".into())
    });
    assert_eq!((verdict, error(&events).as_deref()), (Verdict::Failed, Some("no such table")));
    let (verdict, events) = run(|_| panic!("a bug in the demo"));
    assert_eq!(verdict, Verdict::Failed);
    assert!(error(&events).unwrap().contains("panicked"));
}

#[test]
fn a_flipped_switch_changes_what_the_demo_does_and_an_unknown_one_fails_the_run() {
    let demo = |stage: &Stage| {
        stage.check("one", "it holds", !stage.switch("index-dropped"));
        Ok(())
    };
    let run = |switch: Option<&str>| {
        let switches: Vec<String> = switch.map(str::to_owned).into_iter().collect();
        let options = RunOptions { switches, ..RunOptions::default() };
        let recorder = Arc::new(Recorder::default());
        let verdict = evidence::run(&answer(demo), &options, recorder.clone());
        (verdict, recorder.events())
    };
    assert_eq!(run(None).0, Verdict::Passed);
    let (verdict, events) = run(Some("index-dropped"));
    assert_eq!((verdict, error(&events)), (Verdict::Failed, None));
    let json = serde_json::to_string(&events[0]).unwrap();
    assert!(json.contains(r#""switches":["index-dropped"]"#), "{json}");
    let (verdict, events) = run(Some("none"));
    assert_eq!(verdict, Verdict::Failed);
    assert!(error(&events).unwrap().contains("no switch named none"));
}

#[test]
fn a_request_to_stop_ends_the_run_at_the_next_progress() {
    let (verdict, events) = run(|stage| {
        let mut bar = stage.progress("work", 10, "rows");
        bar.advance(1)?;
        stage.interrupt().request();
        bar.advance(1)?;
        stage.check("never", "reached", true);
        Ok(())
    });
    assert_eq!(verdict, Verdict::Interrupted);
    assert!(!events.iter().any(|event| matches!(event, Event::Check { .. })));
}

#[test]
fn hooks_are_called_once_and_forgotten_with_their_guard() {
    let interrupt = Interrupt::default();
    let calls = Arc::new(AtomicU32::new(0));
    let count = |by: u32| {
        let calls = calls.clone();
        move || {
            calls.fetch_add(by, Ordering::SeqCst);
        }
    };
    let _kept = interrupt.on_request(count(1));
    drop(interrupt.on_request(count(10)));
    interrupt.request();
    interrupt.request();
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    let _late = interrupt.on_request(count(100));
    assert_eq!(calls.load(Ordering::SeqCst), 101, "called at once when already stopped");
}
