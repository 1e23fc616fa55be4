//! A program that has not installed the counting allocator.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::sync::Arc;

use code_performance::ANSWER;
use code_performance::allocations::counted;
use evidence::{Event, Recorder, RunOptions, Scale, Verdict};

#[test]
fn nothing_is_said_of_allocations_where_they_are_not_counted() {
    let (value, allocations) = counted(|| Box::new(7));
    assert_eq!((*value, allocations), (7, None));

    let recorder = Arc::new(Recorder::default());
    let options = RunOptions { scale: Scale::Quick, ..RunOptions::default() };
    let verdict = evidence::run(&ANSWER, &options, recorder.clone());
    let events = recorder.events();
    assert_eq!(verdict, Verdict::Passed, "{:?}", events.last());
    let claims = events.iter().filter_map(|event| match event {
        Event::Check { id, .. } if id.contains("allocat") => Some(id.as_str()),
        _ => None,
    });
    assert_eq!(claims.collect::<Vec<_>>(), [""; 0]);
    let said = events.iter().any(|event| {
        matches!(event, Event::Note { text } if text.starts_with("Allocations are not counted"))
    });
    assert!(said);
}
