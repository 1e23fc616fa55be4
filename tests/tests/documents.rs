//! Links of every document lead somewhere, and no document quotes a number that somebody typed.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::fs;
use std::path::PathBuf;

use end_to_end::documents::{broken_links, markdown_files, typed_numbers};
use evidence::workspace;

/// Numbers that are settings, limits or promises of the code, with the document that names them.
const SETTINGS: [(&str, &str); 9] = [
    ("docs/decisions/0007-sessions.md", "10 s"),
    ("docs/decisions/0007-sessions.md", "90 seconds"),
    ("docs/decisions/0008-job-queue.md", "200 ms"),
    ("docs/operations.md", "500 ms"),
    ("docs/scaling-settings.md", "3 seconds"),
    ("docs/scaling-settings.md", "5 s"),
    ("docs/scaling.md", "2 s"),
    ("docs/scaling.md", "70 %"),
    ("docs/security.md", "10 minutes"),
];
/// Written by `make bench`, every line of it.
const GENERATED: &str = "docs/performance.md";

fn root() -> PathBuf {
    workspace::root().unwrap()
}

#[test]
fn every_link_leads_somewhere() {
    let files = markdown_files(&root()).unwrap();
    assert!(files.len() > 30, "only {} documents were found", files.len());
    let broken = files.iter().flat_map(|file| {
        let links = broken_links(file).unwrap();
        links.into_iter().map(|link| format!("{}: {link}", file.display()))
    });
    assert_eq!(broken.collect::<Vec<String>>(), Vec::<String>::new());
}

#[test]
fn measured_numbers_are_generated() {
    let mut documents = markdown_files(&root().join("docs")).unwrap();
    documents
        .extend(["README.md", "CONTRIBUTING.md", "deploy/README.md"].map(|it| root().join(it)));
    let mut typed = Vec::new();
    for document in documents {
        let path = document.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let numbers = typed_numbers(&fs::read_to_string(&document).unwrap());
        typed.extend(numbers.into_iter().map(|number| (path.clone(), number)));
    }
    let is_setting = |path: &str, number: &str| SETTINGS.contains(&(path, number));
    typed.retain(|(path, number)| path != GENERATED && !is_setting(path, number));
    assert_eq!(typed, Vec::new(), "quote a measurement, or list the setting");
}

#[test]
fn broken_links_and_typed_numbers_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.md");
    let text = "# One, two\n[ok](#one-two) [no](#three) [gone](b.md) [out](https://x.example)\n\
                ```\n[code](c.md)\n```\n";
    fs::write(&file, text).unwrap();
    assert_eq!(broken_links(&file).unwrap(), ["#three", "b.md"]);
    let text = "took 5 ms, 1.5×, `7 ms`, <!-- v:a -->8 ms<!-- /v --> of 3 things (9 %)\n\
                <!-- run:begin -->\n4 ms\n<!-- run:end -->\n";
    assert_eq!(typed_numbers(text), ["5 ms", "1.5 ×", "9 %"]);
}
