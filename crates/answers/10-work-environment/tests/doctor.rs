//! The doctor finds what is wrong, and is content where nothing is.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use evidence::Interrupt;
use tempfile::TempDir;
use work_environment::desk::{Desk, tools};
use work_environment::doctor::{Finding, Machine, Readings, examine, report};

/// A machine with nothing on its path and plenty of everything else.
fn bare(root: Option<PathBuf>) -> Machine {
    Machine {
        path: Vec::new(),
        usual_places: false,
        root,
        database_url: None,
        redis_url: None,
        ports: 1..2,
        readings: Readings {
            free_disk: Some(1 << 40),
            memory: Some(1 << 40),
            open_files: None,
            now: UNIX_EPOCH + Duration::from_secs(1_000_000),
            newest_commit: Some(UNIX_EPOCH + Duration::from_secs(999_000)),
        },
    }
}

fn findings(machine: &Machine) -> BTreeMap<&'static str, Finding> {
    examine(machine).into_iter().collect()
}

/// A folder that is a project in its root's eyes, under git.
fn checkout() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let init = ["git", "init", "--quiet", "--template="];
    Desk::new(folder.path().into(), &Interrupt::default()).run(&init).unwrap().expected().unwrap();
    folder
}

#[test]
fn a_program_that_is_not_on_the_path_is_missing_and_its_fix_stands_below() {
    let found = examine(&bare(None));
    let rust = &found.iter().find(|(name, _)| *name == "Rust").unwrap().1;
    assert!(rust.is_missing(), "{rust:?}");
    let text = report(&found);
    assert!(text.contains("✗ Rust           not found\n"), "{text}");
    assert!(text.contains("→ Install it from https://rustup.rs"), "{text}");
    assert!(text.contains("○ Redis          no server program; only needed for"), "{text}");
}

#[test]
fn little_disk_memory_or_files_and_a_clock_behind_the_commits_are_gaps() {
    let good = findings(&bare(None));
    let mut machine = bare(None);
    machine.readings = Readings {
        free_disk: Some(9_999_999_999),
        memory: Some(1_999_999_999),
        open_files: Some(4_095),
        newest_commit: Some(machine.readings.now + Duration::from_secs(301)),
        ..machine.readings
    };
    let bad = findings(&machine);
    for name in ["free disk", "memory", "open files", "clock"] {
        assert!(!good[name].is_missing(), "{name}: {:?}", good[name]);
        assert!(bad[name].is_missing(), "{name}: {:?}", bad[name]);
        assert!(bad[name].fix().is_some_and(|fix| !fix.is_empty()), "{name}");
    }
}

#[test]
fn a_port_in_use_is_a_gap_only_when_there_is_no_other() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut machine = bare(None);
    machine.ports = port..port + 1;
    assert!(findings(&machine)["port"].is_missing());
    machine.ports = port..port.saturating_add(200);
    let text = report(&examine(&machine));
    assert!(text.contains(&format!("{port} is in use, ")), "{text}");
    assert!(!findings(&machine)["port"].is_missing());
}

#[test]
fn a_named_server_that_does_not_answer_is_a_gap_that_hides_its_password() {
    let mut machine = bare(None);
    machine.database_url = Some("postgres://app:hunter2@127.0.0.1:1/shop".to_owned().into());
    machine.redis_url = Some("redis://:hunter2@127.0.0.1:1".to_owned().into());
    let found = findings(&machine);
    assert!(found["DATABASE_URL"].is_missing() && found["REDIS_URL"].is_missing());
    assert!(!found["PostgreSQL"].is_missing(), "a database is named, so none has to be installed");
    let text = report(&examine(&machine));
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_redis_that_accepts_connections_is_none() {
    let redis = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut machine = bare(None);
    let url = format!("redis://user:secret@{}/0", redis.local_addr().unwrap());
    machine.redis_url = Some(url.into());
    assert_eq!(findings(&machine)["REDIS_URL"], Finding::Good("accepts connections".to_owned()));
}

#[test]
fn the_hook_of_this_project_is_told_from_somebody_elses_and_from_none() {
    let folder = checkout();
    let machine = Machine { path: Machine::here().path, ..bare(Some(folder.path().into())) };
    let told = |machine: &Machine| match &findings(machine)["git hook"] {
        Finding::Good(found) | Finding::Optional { found, .. } => found.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(told(&machine), "not installed");
    let hooks = folder.path().join(".git/hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    std::fs::write(hooks.join("pre-commit"), "#!/bin/sh\nexec other\n").unwrap();
    assert_eq!(told(&machine), "another one");
    std::fs::write(hooks.join("pre-commit"), "#!/bin/sh\nexec scripts/pre-commit\n").unwrap();
    assert_eq!(told(&machine), "runs before each commit");
}

#[test]
fn without_git_or_cargo_the_demo_says_which_is_missing_and_why() {
    let message = tools(&bare(None)).unwrap_err().to_string();
    for part in ["`git` (it writes a history", "`cargo` (it builds", "`make doctor`"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(tools(&Machine::here()).is_ok(), "this test itself was built by cargo");
}

#[test]
fn the_program_exits_with_1_when_something_needed_is_missing() {
    let run = Command::new(env!("CARGO_BIN_EXE_work-environment"))
        .arg("doctor")
        .env("PATH", "")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    assert_eq!(run.status.code(), Some(1), "{text}");
    assert!(text.contains("things needed are missing; the fix stands beside each"), "{text}");
}
