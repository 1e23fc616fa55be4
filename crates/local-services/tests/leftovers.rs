//! What a crash or somebody else may have left in the folder.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;

use local_services::{Error, Postgres, Purpose};
use support::{Project, ask};

/// A project whose server ran once and stopped; returns its data folder.
fn used_project() -> (Project, PathBuf) {
    let project = Project::new();
    let data = project.postgres().data_dir().to_path_buf();
    (project, data)
}

/// What a server on these data that lost power would have left.
fn write_postmaster_pid(data: &std::path::Path, pid: u32) {
    let folder = data.parent().unwrap().display();
    let text =
        format!("{pid}\n{}\n1700000000\n5432\n{folder}\n\n  1 1\nready   \n", data.display());
    fs::write(data.join("postmaster.pid"), text).unwrap();
    let owner = std::os::unix::fs::MetadataExt::uid(&data.metadata().unwrap());
    std::os::unix::fs::chown(data.join("postmaster.pid"), Some(owner), None).unwrap();
}

#[test]
fn a_postmaster_pid_of_a_dead_process_is_survived() {
    let (project, data) = used_project();
    let mut dead = Command::new("true").spawn().unwrap();
    dead.wait().unwrap();
    write_postmaster_pid(&data, dead.id());

    assert_eq!(ask(&project.postgres(), "select 1"), "1");
}

#[test]
fn a_postmaster_pid_reused_by_another_program_is_survived() {
    let (project, data) = used_project();
    write_postmaster_pid(&data, std::process::id());

    assert_eq!(ask(&project.postgres(), "select 1"), "1");
}

#[test]
#[cfg(target_os = "linux")]
fn a_postmaster_pid_reused_by_another_postgres_is_survived_and_that_one_left_alone() {
    let (project, data) = used_project();
    let other = Project::new();
    let stranger = other.postgres();
    write_postmaster_pid(&data, stranger.pid());

    assert_eq!(ask(&project.postgres(), "select 1"), "1");
    assert_eq!(ask(&stranger, "select 1"), "1");
}

#[test]
fn a_leftover_socket_file_is_survived() {
    let (project, _) = used_project();
    drop(UnixListener::bind(project.socket()).unwrap());
    assert!(project.socket().exists(), "closing a listener leaves its file");
    let lock = project.socket().with_file_name(".s.PGSQL.5432.lock");
    fs::write(lock, format!("{}\n", std::process::id())).unwrap();

    assert_eq!(ask(&project.postgres(), "select 1"), "1");
}

#[test]
fn a_socket_in_use_by_a_stranger_is_reported_with_its_path() {
    let (project, _) = used_project();
    let _stranger = UnixListener::bind(project.socket()).unwrap();

    let error = Postgres::acquire(project.path(), Purpose::Test).unwrap_err();

    assert!(matches!(&error, Error::InUse { path, .. } if path.ends_with(".s.PGSQL.5432")));
    assert!(error.to_string().contains("Stop that process"), "{error}");
    assert!(project.socket().exists());
}

#[test]
fn a_server_started_by_hand_on_the_data_is_reported_and_left_running() {
    let (project, _) = used_project();
    let by_hand = project.postgres();
    // Without its record it looks like any server that this project did not start.
    let record = project.path().join(".local/test/postgres.running");
    let hidden = project.path().join("hidden");
    fs::rename(&record, &hidden).unwrap();

    let error = Postgres::acquire(project.path(), Purpose::Test).unwrap_err();

    assert!(matches!(&error, Error::InUse { path, .. } if path.ends_with("data")), "{error}");
    assert!(error.to_string().contains(&by_hand.pid().to_string()), "{error}");
    assert_eq!(ask(&by_hand, "select 1"), "1");
}

#[test]
fn data_of_another_major_version_are_refused_and_left_untouched() {
    let (project, data) = used_project();
    fs::write(data.join("PG_VERSION"), "11\n").unwrap();

    let error = Postgres::acquire(project.path(), Purpose::Test).unwrap_err();

    assert!(matches!(&error, Error::OtherVersion { made_by, .. } if made_by == "11"), "{error}");
    assert!(error.to_string().contains("make reset"), "{error}");
    let Error::OtherVersion { installed, .. } = &error else { panic!("{error}") };
    let mut each: Vec<&str> = installed.split(", ").collect();
    each.dedup();
    assert_eq!(each.join(", "), *installed, "each version once");
    assert_eq!(fs::read_to_string(data.join("PG_VERSION")).unwrap(), "11\n");
    assert!(data.join("global/pg_control").exists());
}

#[test]
fn a_half_made_data_folder_is_rebuilt() {
    let (project, data) = used_project();
    fs::remove_file(data.join("global/pg_control")).unwrap();
    let killed_initdb = data.with_file_name("data.new-1");
    fs::create_dir(&killed_initdb).unwrap();

    assert_eq!(ask(&project.postgres(), "select 1"), "1");
    assert!(!killed_initdb.exists());
}

#[test]
fn half_made_durable_data_are_set_aside_instead_of_deleted() {
    let project = Project::new();
    let acquire = || Postgres::acquire(project.path(), Purpose::Serve).unwrap();
    let data = acquire().data_dir().to_path_buf();
    fs::remove_file(data.join("global/pg_control")).unwrap();

    assert_eq!(ask(&acquire(), "select 1"), "1");
    assert!(data.with_file_name("data.incomplete").join("PG_VERSION").exists());
}

#[test]
fn a_server_that_cannot_start_is_reported_with_the_end_of_its_log() {
    let (project, data) = used_project();
    fs::write(data.join("postgresql.conf"), "no_such_setting = 1\n").unwrap();

    let error = Postgres::acquire(project.path(), Purpose::Test).unwrap_err().to_string();

    assert!(error.contains("no_such_setting"), "{error}");
    assert!(error.contains("make reset"), "{error}");
}

#[test]
fn a_server_that_dies_while_somebody_attaches_is_started_again() {
    let project = Project::new();
    let first = project.postgres();
    let children = Command::new("pgrep").args(["-P", &first.pid().to_string()]).output().unwrap();
    let mut family = vec![first.pid().to_string()];
    family.extend(String::from_utf8(children.stdout).unwrap().lines().map(str::to_owned));
    let signal = |name: &str, family: &[String]| {
        Command::new("kill").arg(format!("-{name}")).args(family).status().unwrap();
    };
    // It hangs, so attaching has to wait; then it is killed.
    signal("STOP", &family);
    let killer = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        signal("KILL", &family);
    });
    let second = project.postgres();
    killer.join().unwrap();
    assert_ne!(second.pid(), first.pid());
    assert_eq!(ask(&second, "select 1"), "1");
}
