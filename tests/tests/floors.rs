//! Dependencies run down the floors only.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use cargo_metadata::MetadataCommand;
use end_to_end::floors::{Arrows, arrows, violations};

fn graph(pairs: &[(&str, &[&str])]) -> Arrows {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    pairs.iter().map(|(from, to)| ((*from).to_owned(), owned(to))).collect()
}

#[test]
fn no_crate_of_the_workspace_depends_on_its_own_floor_or_one_above() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let arrows = arrows(&metadata);
    assert!(
        arrows["backend"].contains(&"foundation".to_owned()),
        "the arrows were read: {arrows:?}"
    );
    assert_eq!(violations(&arrows), Vec::<String>::new());
}

#[test]
fn an_arrow_up_or_between_two_answers_is_found() {
    let broken: [(&str, &[&str]); 3] = [
        ("foundation", &["todo-api"]),
        ("todo-api", &["foundation", "auth", "log-partitions"]),
        ("evidence", &["local-services"]),
    ];
    let found = violations(&graph(&broken));
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found
            .iter()
            .any(|sentence| sentence.contains("todo-api (floor 4) depends on log-partitions"))
    );
}

#[test]
fn an_arrow_down_is_fine() {
    let fine: [(&str, &[&str]); 2] =
        [("backend", &["todo-api", "evidence"]), ("foundation", &["foundation", "error-handling"])];
    assert_eq!(violations(&graph(&fine)), Vec::<String>::new());
}
