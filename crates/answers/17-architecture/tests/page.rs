//! What is drawn and listed about this repository is so.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use architecture::floors::{self, Arrows, violations, without_implied};
use architecture::lessons::LESSONS;
use architecture::walk::{Part, STEPS};
use architecture::{diagram, page};
use evidence::{source, workspace};

const UPDATE: &str = "run `cargo run -p architecture -- architecture-diagram --update`";

fn graph(pairs: &[(&str, &[&str])]) -> Arrows {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    pairs.iter().map(|(from, to)| ((*from).to_owned(), owned(to))).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(workspace::root().unwrap().join(path)).unwrap()
}

#[test]
fn the_page_shows_the_crates_steps_and_lessons_that_there_are() {
    let (page, arrows) = (read(page::PAGE), floors::read().unwrap());
    assert!(arrows.contains_key("backend"), "the arrows were read: {arrows:?}");
    let updated = page::updated(&page, &arrows).expect("the page has its markers");
    assert_eq!(page, updated, "{UPDATE}");
    assert_eq!(read(page::PICTURE), diagram::svg(&arrows), "{UPDATE}");
}

#[test]
fn a_crate_that_is_new_makes_the_page_stale() {
    let mut arrows = floors::read().unwrap();
    arrows.insert("nineteenth".to_owned(), vec!["foundation".to_owned()]);
    let page = read(page::PAGE);
    assert_ne!(page::updated(&page, &arrows).unwrap(), page);
    assert_eq!(page::updated("no markers", &arrows), None);
}

#[test]
fn an_arrow_that_follows_from_others_is_not_drawn() {
    let all = graph(&[
        ("backend", &["auth", "foundation", "evidence"]),
        ("auth", &["foundation", "auth"]),
        ("foundation", &["evidence"]),
        ("evidence", &[]),
    ]);
    let drawn = graph(&[
        ("backend", &["auth"]),
        ("auth", &["foundation"]),
        ("foundation", &["evidence"]),
        ("evidence", &[]),
    ]);
    assert_eq!(without_implied(&all), drawn);
    assert_eq!(diagram::svg(&all).matches("<line ").count(), 3);
    assert_eq!(diagram::svg(&all).matches("<rect ").count(), 4);
}

#[test]
fn a_line_of_the_diagram_is_no_longer_than_a_page_is_wide() {
    let names: Vec<String> = (0..20).map(|number| format!("answer-number-{number}")).collect();
    let mut arrows: Arrows = names.iter().map(|name| (name.clone(), Vec::new())).collect();
    arrows.insert("backend".to_owned(), names.clone());
    let text = diagram::text(&arrows);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let shown: BTreeSet<&str> = text.split([' ', ',', '\n']).collect();
    assert!(names.iter().all(|name| shown.contains(name.as_str())), "{text}");
}

#[test]
fn an_arrow_up_or_between_two_answers_is_a_violation_and_one_down_is_none() {
    let broken = graph(&[
        ("foundation", &["todo-api"]),
        ("todo-api", &["foundation", "auth", "log-partitions"]),
        ("backend", &["todo-api"]),
    ]);
    assert_eq!(
        violations(&broken),
        [
            "foundation (floor 2) depends on todo-api (floor 4): only floors below are allowed",
            "todo-api (floor 4) depends on log-partitions (floor 4): only floors below are allowed",
        ]
    );
}

#[test]
fn away_from_the_repository_the_diagram_says_what_it_needs() {
    let elsewhere = std::env::temp_dir();
    let output = Command::new(env!("CARGO_BIN_EXE_architecture"))
        .arg("architecture-diagram")
        .current_dir(&elsewhere)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("not run inside the repository"), "{said}");
}

#[test]
fn every_step_of_the_walk_names_an_item_that_exists() {
    for step in STEPS {
        let found = source::find(step.file, &read(step.file), step.item);
        assert!(found.is_some(), "{} holds no {}", step.file, step.item);
    }
    let order: Vec<usize> = STEPS
        .iter()
        .map(|step| Part::ALL.iter().position(|part| *part == step.part).unwrap())
        .collect();
    assert!(order.is_sorted(), "the steps stand in the order of the request");
    let parts: BTreeSet<usize> = order.into_iter().collect();
    assert_eq!(parts.len(), Part::ALL.len(), "every part has a step");
}

/// The subject of a change, where the history is here.
fn subject(change: &str) -> Option<String> {
    let root = workspace::root().unwrap();
    let mut git = Command::new("git");
    git.current_dir(root).args(["log", "-1", "--format=%s", change, "--"]);
    let output = git.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether this is a clone with all of its history. A shallow one, or a copy without any, holds
/// lessons to the subjects that they carry instead.
fn has_history() -> bool {
    let root = workspace::root().unwrap();
    let mut git = Command::new("git");
    git.current_dir(root).args(["rev-parse", "--is-shallow-repository"]);
    git.output().is_ok_and(|output| output.status.success() && output.stdout.starts_with(b"false"))
}

#[test]
fn every_lesson_names_a_change_of_the_history_by_its_subject() {
    let history = has_history();
    println!("held against {}", if history { "the history" } else { "the subjects alone" });
    let mut changes = BTreeSet::new();
    for lesson in LESSONS {
        let is_hash =
            lesson.change.len() == 7 && lesson.change.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(is_hash && changes.insert(lesson.change), "{lesson:?}");
        let texts = [lesson.subject, lesson.learnt, lesson.now];
        assert!(texts.iter().all(|text| !text.is_empty() && !text.contains('|')), "{lesson:?}");
        if history {
            assert_eq!(
                subject(lesson.change).as_deref(),
                Some(lesson.subject),
                "{}",
                lesson.change
            );
        }
    }
    assert_eq!(subject("0000000"), None, "a change that never was is not found");
}
