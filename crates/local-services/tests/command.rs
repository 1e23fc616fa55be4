//! The `local-services` program as a shell or Makefile uses it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::process::{Output, Stdio};

use local_services::{Signal, find_redis, send_signal, status};
use support::{Project, eventually};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn run(project: &Project, arguments: &[&str]) -> Output {
    project.program(arguments).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn bare_psql_works_and_nothing_runs_afterwards() {
    let project = Project::new();
    let output = run(&project, &["run", "--", "psql", "-XAtc", "select 6 * 7"]);

    assert_eq!(text(&output.stdout), "42\n", "{}", text(&output.stderr));
    assert!(status(project.path()).unwrap().is_empty());
}

#[test]
fn the_exit_code_of_the_command_is_passed_on() {
    let project = Project::new();
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)] {
        let output = run(&project, &["run", "--", "sh", "-c", script]);
        assert_eq!(output.status.code(), Some(code), "{script}");
    }
    let missing = run(&project, &["run", "--", "no-such-program"]);
    assert_eq!(missing.status.code(), Some(127));
}

#[test]
fn a_database_url_that_is_set_is_respected_and_nothing_is_started() {
    let project = Project::new();
    let output = project
        .program(&["run", "--", "sh", "-c", "echo \"$DATABASE_URL\""])
        .env("DATABASE_URL", "postgres://elsewhere/mine")
        .output()
        .unwrap();

    assert_eq!(text(&output.stdout), "postgres://elsewhere/mine\n");
    assert!(!project.path().join(".local").exists());
}

#[test]
fn redis_comes_along_when_asked_for() {
    let project = Project::new();
    let output = run(&project, &["run", "--with-redis", "--", "sh", "-c", "echo $REDIS_URL"]);
    match find_redis() {
        Ok(_) => assert!(text(&output.stdout).starts_with("redis+unix:///")),
        Err(missing) => {
            assert!(std::env::var_os("CI").is_none(), "{missing}");
            assert!(text(&output.stderr).contains("redis-server"));
        }
    }
}

#[test]
fn a_signal_to_the_program_ends_the_command_and_then_the_services() {
    let project = Project::new();
    let script = "touch \"$SHOW_YOUR_WORK_HOME/started\"; exec sleep 1000";
    let mut child =
        project.program(&["run", "--", "sh", "-c", script]).stdin(Stdio::null()).spawn().unwrap();
    eventually("the command runs", || project.path().join("started").exists());

    send_signal(child.id(), Signal::Terminate).unwrap();

    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
    assert!(status(project.path()).unwrap().is_empty());
}

#[test]
fn status_says_what_runs_and_stop_stops_it() {
    let project = Project::new();
    assert!(text(&run(&project, &["status"]).stdout).contains("nothing runs"));
    let postgres = project.postgres();

    let shown = text(&run(&project, &["status"]).stdout);
    assert!(shown.contains("postgres for test"), "{shown}");
    assert!(shown.contains(&postgres.pid().to_string()), "{shown}");
    assert!(shown.contains("held by 1 process"), "{shown}");

    assert!(text(&run(&project, &["stop"]).stdout).contains("stopped 1"));
    assert!(status(project.path()).unwrap().is_empty());
}

#[test]
fn reset_deletes_private_data_only_when_told_so() {
    let project = Project::new();
    let data = project.postgres().data_dir().to_path_buf();

    let asked = run(&project, &["reset"]);
    assert!(!asked.status.success());
    assert!(text(&asked.stdout).contains("--yes"));
    assert!(data.exists());

    let told = run(&project, &["reset", "--yes"]);
    assert!(told.status.success(), "{}", text(&told.stderr));
    assert!(!data.exists());
    assert!(project.path().exists());
}
