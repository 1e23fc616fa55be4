//! A nineteenth answer, as CONTRIBUTING.md tells: it keeps every rule from its first minute, and
//! leaves no trace when it is removed.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use end_to_end::test_names::test_names;
use evidence::{Answer, Event, Recorder, RunOptions, Scale, Source, Verdict, rules, workspace};
use tempfile::TempDir;
use work_environment::new_answer::{FILES, LISTS, LayoutError, NewAnswer};

// The code that a new answer begins with, compiled here; what is around it is text.
#[path = "../../crates/answers/10-work-environment/template/demo.rs"]
mod demo;
#[allow(unreachable_pub)] // Public in the crate that it becomes.
#[path = "../../crates/answers/10-work-environment/template/search.rs"]
mod search;

const SLUG: &str = "feature-flags";
const TITLE: &str = "When would you hide a change behind a flag?";

/// The lists of this repository and the names of its answers' folders, in a folder of their own.
fn skeleton() -> TempDir {
    let (root, copy) = (workspace::root().unwrap(), tempfile::tempdir().unwrap());
    for list in LISTS {
        let path = copy.path().join(list.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(root.join(list.path), path).unwrap();
    }
    let answers = Path::new("crates/answers");
    for entry in fs::read_dir(root.join(answers)).unwrap() {
        fs::create_dir_all(copy.path().join(answers).join(entry.unwrap().file_name())).unwrap();
    }
    copy
}

/// Every file below a folder with its text.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

fn laid_out(root: &Path) -> NewAnswer {
    let new = NewAnswer::next(root, SLUG, TITLE).unwrap();
    new.lay_out(root).unwrap();
    new
}

#[test]
fn a_new_answer_stands_in_every_list_and_removing_it_restores_each_byte() {
    let skeleton = skeleton();
    let root = skeleton.path();
    let before = files(root);
    let new = laid_out(root);
    let after = files(root);
    assert_eq!(after.len(), before.len() + FILES.len());
    let added = |path: &str| {
        let old: BTreeSet<&str> = before[path].lines().collect();
        let lines: Vec<String> =
            after[path].lines().filter(|line| !old.contains(line)).map(str::to_owned).collect();
        lines
    };
    let folder = format!("crates/answers/{:02}-{SLUG}", new.number);
    assert_eq!(added("Cargo.toml"), [format!("{SLUG} = {{ path = \"{folder}\" }}")]);
    assert_eq!(added("crates/backend/Cargo.toml"), [format!("{SLUG}.workspace = true")]);
    assert_eq!(added("crates/backend/src/answers.rs"), ["    &feature_flags::ANSWER,"]);
    let entry = added("crates/backend/src/questions.rs");
    assert!(entry.contains(&format!("        \"{TITLE}\",")), "{entry:?}");
    assert_eq!(NewAnswer::find(root, SLUG).unwrap(), new);
    new.remove(root, false).unwrap();
    assert_eq!(files(root), before);
}

#[test]
fn the_lists_still_parse_and_the_dependencies_stay_in_order() {
    let skeleton = skeleton();
    laid_out(skeleton.path());
    let text = |path: &str| fs::read_to_string(skeleton.path().join(path)).unwrap();
    for path in ["crates/backend/src/answers.rs", "crates/backend/src/questions.rs"] {
        assert!(syn::parse_file(&text(path)).is_ok(), "{path}");
    }
    let manifest = text("crates/backend/Cargo.toml");
    let (_, rest) = manifest.split_once("[dependencies]\n").unwrap();
    let names: Vec<&str> = rest.lines().take_while(|line| !line.is_empty()).collect();
    assert!(names.is_sorted(), "{names:?}");
}

/// By the compiler: an entry that lacks what every question tells would parse all the same.
#[test]
fn the_questions_still_compile() {
    let skeleton = skeleton();
    laid_out(skeleton.path());
    let flags = "--edition 2024 --crate-type lib --emit metadata --cap-lints allow";
    let compiled = Command::new("rustc")
        .args(flags.split(' '))
        .arg("--out-dir")
        .arg(skeleton.path())
        .arg(skeleton.path().join("crates/backend/src/questions.rs"))
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
}

fn run(answer: &Answer, scale: Scale) -> Vec<Event> {
    let recorder = Arc::new(Recorder::default());
    let options = RunOptions { scale, ..RunOptions::default() };
    assert_eq!(evidence::run(answer, &options, recorder.clone()), Verdict::Passed);
    recorder.events()
}

/// The README keeps every rule against a run of the demo that is laid out with it.
#[test]
fn what_is_laid_out_passes_its_demo_and_the_rules_of_readmes() {
    let skeleton = skeleton();
    let new = laid_out(skeleton.path());
    let folder = skeleton.path().join(new.folder());
    let texts = files(&folder);
    assert!(!texts.values().any(|text| text.contains("{{")), "a placeholder is left: {texts:?}");
    for (path, text) in texts.iter().filter(|(path, _)| path.ends_with(".rs")) {
        assert!(syn::parse_file(text).is_ok(), "{path}");
    }
    let leak = |text: &str| -> &'static str { text.to_owned().leak() };
    let sources: Vec<Source> = ["src/lib.rs", "src/search.rs", "src/demo.rs"]
        .map(|path| Source { path, text: leak(&texts[path]) })
        .to_vec();
    let answer: &Answer = Box::leak(Box::new(Answer {
        number: new.number,
        slug: SLUG,
        title: TITLE,
        readme: leak(&texts["README.md"]),
        sources: sources.leak(),
        recorded: leak(&texts["recorded/run.jsonl"]),
        needs: demo::needs,
        demo: demo::perform,
        routes: None,
    }));
    let tests = test_names(&folder).unwrap();
    let quick = run(answer, Scale::Quick);
    let violations = rules::readme_violations(answer, &folder, &quick, &tests);
    assert_eq!(violations, Vec::<String>::new());
    let counted = run(answer, Scale::Default);
    for event in evidence::record::load(answer.recorded) {
        assert!(counted.contains(&event), "the number that is laid out is counted: {event:?}");
    }
}

#[test]
fn a_name_that_cannot_be_a_package_or_is_taken_is_refused_and_nothing_is_written() {
    let skeleton = skeleton();
    let before = files(skeleton.path());
    let taken = ["todo-api", "auth", "serde", "test", "backend"];
    let odd = ["", "Flags", "9lives", "a--b", "../x", "a_b", "naïve", &"a".repeat(41)];
    for slug in taken.into_iter().chain(odd) {
        let refused = NewAnswer::next(skeleton.path(), slug, TITLE);
        assert!(matches!(refused, Err(LayoutError::Slug(..))), "{slug:?}: {refused:?}");
    }
    for title in ["", " ", "a|b", "a\"b", "a\nb", &"a".repeat(81)] {
        let refused = NewAnswer::next(skeleton.path(), SLUG, title);
        assert!(matches!(refused, Err(LayoutError::Title)), "{title:?}: {refused:?}");
    }
    assert_eq!(files(skeleton.path()), before);
}

#[test]
fn a_list_that_looks_odd_leaves_the_project_as_it_was() {
    let skeleton = skeleton();
    fs::write(skeleton.path().join(LISTS[2].path), "// nothing here\n").unwrap();
    let before = files(skeleton.path());
    let new = NewAnswer::next(skeleton.path(), SLUG, TITLE).unwrap();
    assert!(matches!(new.lay_out(skeleton.path()), Err(LayoutError::NoPlace(_))));
    assert_eq!(files(skeleton.path()), before);
}

#[test]
fn an_answer_of_ours_or_one_that_has_grown_is_not_removed_by_accident() {
    let skeleton = skeleton();
    let root = skeleton.path();
    let ours = NewAnswer::find(root, "todo-api").unwrap();
    assert!(matches!(ours.remove(root, true), Err(LayoutError::Ours(3))));
    let new = laid_out(root);
    fs::write(root.join(new.folder()).join("src/mine.rs"), "//! Mine.\n").unwrap();
    assert!(matches!(new.remove(root, false), Err(LayoutError::Changed(_))));
    assert!(root.join(new.folder()).join("src/mine.rs").exists());
    new.remove(root, true).unwrap();
    assert!(matches!(NewAnswer::find(root, SLUG), Err(LayoutError::Unknown(_))));
}
