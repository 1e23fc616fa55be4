//! What docs/security.md says is so.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::collections::BTreeSet;
use std::fs;

use end_to_end::security_doc::{Row, rows, violations};
use end_to_end::test_names::test_names;
use evidence::workspace;

/// The ids of levels 1 and 2 of OWASP ASVS 5.0.0, and those of level 3 that are claimed as well.
const IDS: &str = include_str!("../data/asvs-5.0-level-2.txt");

fn ids() -> Vec<&'static str> {
    IDS.lines().collect()
}

#[test]
fn every_requirement_is_answered_and_everything_that_is_named_exists() {
    let root = workspace::root().unwrap();
    let doc = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let mut tests = BTreeSet::new();
    for folder in ["crates", "tests"] {
        tests.extend(test_names(&root.join(folder)).unwrap());
    }
    assert_eq!(violations(&doc, &ids(), &root.join("docs"), &tests), Vec::<String>::new());
}

#[test]
fn each_kind_of_false_claim_is_found() {
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("code.rs"), "fn item() {}").unwrap();
    let tests = BTreeSet::from(["a_test_that_exists".to_owned()]);
    let doc = "| 1.1.1–1.2.1 | met | [`item`](code.rs), `a_test_that_exists` |\n\
               | 1.2.3 | perhaps | - |\n\
               | 1.2.3 | open | [`other`](code.rs) and [gone](gone.rs), `a_test_that_does_not` |";
    let ids = ["1.1.1", "1.1.2", "1.2.1", "1.2.2", "1.2.3"];
    assert_eq!(
        violations(doc, &ids, here.path(), &tests),
        [
            "1.2.2 is answered 0 times",
            "1.2.3 is answered 2 times",
            "1.2.3: neither met, n/a nor open with a reason",
            "code.rs has no other",
            "gone.rs is not there",
            "there is no test `a_test_that_does_not`",
        ]
    );
}

#[test]
fn only_rows_about_requirements_are_read() {
    let doc =
        "| requirement | here | how |\n|---|---|---|\n| 1.2.3 | n/a | a | b |\n| Redis | x | y |";
    assert_eq!(rows(doc), [Row { requirements: "1.2.3", state: "n/a", how: "a | b" }]);
}
