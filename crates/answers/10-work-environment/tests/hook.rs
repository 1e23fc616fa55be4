//! The commit hook refuses what it is there for, and installs itself without pushing others aside.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::fs;

use evidence::{Interrupt, workspace};
use tempfile::TempDir;
use work_environment::desk::{Desk, Said};

/// A repository with the scripts of this one.
fn repository() -> TempDir {
    let root = workspace::root().unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("scripts")).unwrap();
    for name in ["scripts/install-hooks.sh", "scripts/pre-commit", "rustfmt.toml"] {
        fs::copy(root.join(name), folder.path().join(name)).unwrap();
    }
    run(&folder, "git init --quiet --template=").expected().unwrap();
    folder
}

fn run(folder: &TempDir, line: &str) -> Said {
    Desk::new(folder.path().into(), &Interrupt::default()).line(line).unwrap()
}

#[test]
fn the_hook_is_installed_once_and_somebody_elses_is_left_alone() {
    let folder = repository();
    let install = || run(&folder, "sh scripts/install-hooks.sh");
    assert!(install().success && install().success, "twice is as good as once");
    let hook = folder.path().join(".git/hooks/pre-commit");
    assert!(fs::read_to_string(&hook).unwrap().contains("scripts/pre-commit"));
    fs::write(&hook, "#!/bin/sh\nexec other\n").unwrap();
    let refused = install();
    assert!(!refused.success && refused.err.contains("another"), "{refused:?}");
    assert_eq!(fs::read_to_string(&hook).unwrap(), "#!/bin/sh\nexec other\n");
}

#[test]
fn the_hook_refuses_what_it_is_there_for_and_nothing_else() {
    let cases = [
        ("good.rs", "mod other;\n\nfn good() {}\n".to_owned(), None),
        ("bad.rs", "fn  bad( ){}\n".to_owned(), Some("bad.rs is not formatted")),
        ("broken.rs", "fn broken( {\n".to_owned(), Some("broken.rs is not formatted")),
        ("merge.md", "<<<<<<< one\n".to_owned(), Some("leftover conflict marker")),
        ("space.md", "space \n".to_owned(), Some("trailing whitespace")),
        ("script.sh", "if true\n".to_owned(), Some("script.sh is no shell script")),
        ("large.md", "a line\n".repeat(150_000), Some("large.md has 1050000 bytes")),
    ];
    let folder = repository();
    run(&folder, "sh scripts/install-hooks.sh").expected().unwrap();
    for (path, text, complaint) in cases {
        fs::write(folder.path().join(path), text).unwrap();
        run(&folder, &format!("git add {path}")).expected().unwrap();
        let said = run(&folder, "git commit --quiet --message=Change");
        assert_eq!(said.success, complaint.is_none(), "{path}: {said:?}");
        let told = said.out + &said.err;
        assert!(told.contains(complaint.unwrap_or_default()), "{path}: {told}");
        run(&folder, &format!("git rm --quiet --force --cached {path}")).expected().unwrap();
    }
}

#[test]
fn the_hook_judges_what_is_committed_and_not_what_lies_in_the_work_tree() {
    let folder = repository();
    run(&folder, "sh scripts/install-hooks.sh").expected().unwrap();
    let path = folder.path().join("staged.rs");
    fs::write(&path, "fn  staged( ){}\n").unwrap();
    run(&folder, "git add staged.rs").expected().unwrap();
    fs::write(&path, "fn staged() {}\n").unwrap();
    assert!(!run(&folder, "git commit --quiet --message=Change").success);
}
