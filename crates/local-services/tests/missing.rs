//! Programs that are missing or too old, on search paths made for the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use local_services::{Error, Postgres, Purpose, Redis, Search, find_postgres_in, find_redis_in};
use support::Project;

fn program(folder: &Path, name: &str, prints: &str) {
    fs::create_dir_all(folder).unwrap();
    let file = folder.join(name);
    let text = format!("#!/bin/sh\necho '{prints}'\n");
    // By another process: a child that a neighbouring test forks meanwhile would inherit the file,
    // open for writing, and nobody can execute a file that is.
    let write = "printf '%s' \"$1\" > \"$0\" && chmod 755 \"$0\"";
    assert!(
        Command::new("sh").args(["-c", write]).arg(&file).arg(&text).status().unwrap().success()
    );
}

fn postgres(folder: &Path, version: &str) {
    program(folder, "postgres", &format!("postgres (PostgreSQL) {version}"));
    program(folder, "initdb", "initdb");
}

#[test]
fn missing_programs_say_how_to_install_them_with_the_manager_at_hand() {
    for (manager, for_postgres, for_redis) in [
        ("apt-get", "apt-get install postgresql", "apt-get install redis-server"),
        ("dnf", "dnf install postgresql-server", "dnf install valkey"),
        ("pacman", "pacman -S postgresql", "pacman -S valkey"),
        ("brew", "brew install postgresql@", "brew install redis"),
    ] {
        let project = Project::new();
        let bin = project.path().join("bin");
        program(&bin, manager, "");
        let search = Search::only(&[bin]);

        let postgres = Postgres::acquire_from(project.path(), Purpose::Test, &search).unwrap_err();
        let redis = Redis::acquire_from(project.path(), Purpose::Test, &search).unwrap_err();

        assert!(postgres.to_string().contains(for_postgres), "{manager}: {postgres}");
        assert!(redis.to_string().contains(for_redis), "{manager}: {redis}");
    }
}

#[test]
fn without_a_package_manager_the_message_says_exactly_what_is_needed() {
    let nothing = Search::only(&[]);

    let postgres = find_postgres_in(&nothing).unwrap_err().to_string();
    let redis = find_redis_in(&nothing).unwrap_err().to_string();

    assert!(postgres.contains("PostgreSQL 14 or newer"), "{postgres}");
    assert!(postgres.contains("DATABASE_URL"), "{postgres}");
    assert!(redis.contains("Valkey") && redis.contains("REDIS_URL"), "{redis}");
}

#[test]
fn an_old_postgresql_is_named_and_refused() {
    let project = Project::new();
    let bin = project.path().join("bin");
    postgres(&bin, "13.21");

    let error = find_postgres_in(&Search::only(&[bin])).unwrap_err();

    assert!(matches!(&error, Error::PostgresTooOld { found, .. } if found == "13.21"), "{error}");
    assert!(error.to_string().contains("14 or newer"), "{error}");
}

#[test]
fn an_old_postgresql_first_on_the_path_does_not_hide_a_new_one() {
    let project = Project::new();
    let (old, new) = (project.path().join("old"), project.path().join("new"));
    postgres(&old, "13.21");
    postgres(&new, "16.4");

    let found = find_postgres_in(&Search::only(&[old, new.clone()])).unwrap();

    assert_eq!((found.major, found.version.as_str()), (16, "16.4"));
    assert_eq!(found.bin, new.canonicalize().unwrap());
}

#[test]
fn a_server_without_initdb_is_not_an_installation() {
    let project = Project::new();
    let bin = project.path().join("bin");
    program(&bin, "postgres", "postgres (PostgreSQL) 16.4");

    let error = find_postgres_in(&Search::only(&[bin])).unwrap_err();

    assert!(matches!(error, Error::PostgresMissing { .. }), "{error}");
}

#[test]
fn valkey_is_as_good_as_redis() {
    let project = Project::new();
    let bin = project.path().join("bin");
    program(&bin, "valkey-server", "Valkey server v=8.1.0 sha=00000000:0 malloc=libc bits=64");

    assert_eq!(find_redis_in(&Search::only(&[bin])).unwrap().version, "8.1.0");
}

#[test]
fn a_redis_that_ends_at_once_is_reported_with_what_it_printed_as_an_error() {
    let project = Project::new();
    let bin = project.path().join("bin");
    let says =
        "Redis server v=7.0.15'; [ \"$1\" = --version ] || { echo FATAL CONFIG >&2; exit 1; }; : '";
    program(&bin, "redis-server", says);

    let search = Search::only(&[bin]);
    let error = Redis::acquire_from(project.path(), Purpose::Test, &search).unwrap_err();

    assert!(matches!(error, Error::StartFailed { .. }), "{error}");
    assert!(error.to_string().contains("FATAL CONFIG"), "{error}");
}
