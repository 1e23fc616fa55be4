//! Each decision in docs/decisions names what holds it, and that exists.
//!
//! A record carries lines such as "Check: `foundation::name_of_a_test`" or "Check: `slug/id`", the
//! check of a demo; several are separated by commas. `make test` runs what they name.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use backend::answers::ANSWERS;
use cargo_metadata::MetadataCommand;
use end_to_end::test_names::test_names;
use evidence::{Event, record, workspace};

/// What a record may name: tests by package, checks of demos by answer.
#[derive(Default)]
struct Known {
    tests: BTreeMap<String, BTreeSet<String>>,
    checks: BTreeMap<String, BTreeSet<String>>,
}

impl Known {
    /// Of this repository: tests by their attribute, checks by the recorded runs.
    fn read() -> Self {
        let mut known = Self::default();
        let metadata = MetadataCommand::new().no_deps().exec().unwrap();
        for package in metadata.workspace_packages() {
            let folder = package.manifest_path.parent().unwrap();
            let names = test_names(folder.as_std_path()).unwrap();
            known.tests.insert(package.name.to_string(), names);
        }
        for answer in ANSWERS {
            let passed =
                record::load(answer.recorded).into_iter().filter_map(|event| match event {
                    Event::Check { id, passed: true, .. } => Some(id),
                    _ => None,
                });
            known.checks.insert(answer.slug.to_owned(), passed.collect());
        }
        known
    }

    fn has(&self, named: &str) -> bool {
        let within = |all: &BTreeMap<String, BTreeSet<String>>, (owner, name): (&str, &str)| {
            all.get(owner).is_some_and(|names| names.contains(name))
        };
        match (named.split_once("::"), named.split_once('/')) {
            (Some(test), _) => within(&self.tests, test),
            (None, Some(check)) => within(&self.checks, check),
            (None, None) => false,
        }
    }
}

/// What the "Check:" lines of a record name.
fn named(record: &str) -> Vec<&str> {
    let lines = record.lines().filter_map(|line| line.strip_prefix("Check: "));
    lines.flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// Sentences about a record that names no check, or one that does not exist.
fn violations(file: &str, record: &str, known: &Known) -> Vec<String> {
    let named = named(record);
    if named.is_empty() {
        return vec![format!("{file} names no check: add a line \"Check: `package::test`\"")];
    }
    let missing = named.into_iter().filter(|name| !known.has(name));
    missing.map(|name| format!("{file} names `{name}`, which does not exist")).collect()
}

/// `(file name, text)` of every record.
fn records() -> Vec<(String, String)> {
    let folder = workspace::root().unwrap().join("docs/decisions");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let records = paths.map(|path| {
        (
            path.file_name().unwrap().to_string_lossy().into_owned(),
            fs::read_to_string(&path).unwrap(),
        )
    });
    let is_record = |name: &str| name.starts_with(|letter: char| letter.is_ascii_digit());
    let mut records: Vec<_> = records.filter(|(name, _)| is_record(name)).collect();
    records.sort();
    records
}

#[test]
fn every_decision_names_a_check_that_exists() {
    let (known, records) = (Known::read(), records());
    assert!(records.len() >= 8, "the records were read: {records:?}");
    let wrong: Vec<String> =
        records.iter().flat_map(|(file, text)| violations(file, text, &known)).collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_decision_without_a_check_or_with_one_that_is_gone_is_found() {
    let known = Known {
        tests: [("foundation".to_owned(), ["it_holds".to_owned()].into())].into(),
        checks: [("caching".to_owned(), ["one-read".to_owned()].into())].into(),
    };
    let cases = [
        ("# 1\n\n**Chosen.** Something.\n", "0001.md names no check: add a line"),
        ("Check: none\n", "0001.md names no check"),
        ("Check: `foundation::it_held`\n", "0001.md names `foundation::it_held`, which does not"),
        ("Check: `backend::it_holds`\n", "0001.md names `backend::it_holds`"),
        ("Check: `caching/two-reads`\n", "0001.md names `caching/two-reads`"),
        ("Check: `it_holds`\n", "0001.md names `it_holds`"),
    ];
    for (record, expected) in cases {
        let found = violations("0001.md", record, &known);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{record}: {found:?}");
    }
    let good = "# 1\n\nCheck: `foundation::it_holds`, `caching/one-read`\n";
    assert_eq!(violations("0001.md", good, &known), Vec::<String>::new());
}

/// Names in backquotes in the first cells of the table, except that of its head.
fn left_out(record: &str) -> Vec<&str> {
    let cells = record.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn no_library_that_was_left_out_is_in_the_tree() {
    let root = workspace::root().unwrap();
    let record =
        fs::read_to_string(root.join("docs/decisions/0005-libraries-left-out.md")).unwrap();
    let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap();
    let is_locked = |name: &str| lock.contains(&format!("\nname = \"{name}\"\n"));
    assert!(is_locked("governor"), "the lock file was read");
    let names = left_out(&record);
    assert!(names.contains(&"plotters"), "the table was read: {names:?}");
    let found: Vec<&str> = names.into_iter().filter(|name| is_locked(name)).collect();
    assert_eq!(found, Vec::<&str>::new(), "decision 5 left these out");
}
