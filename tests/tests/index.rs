//! The table of questions in the README is the one that the answers give.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::fs;

use backend::index;

#[test]
fn the_readme_lists_what_there_is() {
    let readme =
        fs::read_to_string(evidence::workspace::root().unwrap().join("README.md")).unwrap();
    let updated = index::updated(&readme).expect("the README has the index markers");
    assert_eq!(readme, updated, "run `make evidence`, or `backend list --update README.md`");
}

#[test]
fn a_stale_table_is_noticed() {
    let stale = "x\n<!-- index:begin -->\n| old |\n<!-- index:end -->\ny";
    assert_ne!(index::updated(stale).unwrap(), stale);
    assert_eq!(index::updated("no markers"), None);
}
