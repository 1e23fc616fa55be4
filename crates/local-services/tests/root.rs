//! Where the data go when root runs the project, and when an ordinary user does.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use local_services::{Error, Postgres, Purpose, would_delete};
use support::{Project, am_root, ask};

fn close_to_others(project: &Project) {
    fs::set_permissions(project.path(), PermissionsExt::from_mode(0o700)).unwrap();
}

#[test]
fn data_stay_in_the_project_when_the_server_can_reach_it() {
    let project = Project::new();
    let postgres = project.postgres();
    let data = postgres.data_dir().metadata().unwrap();

    let inside = project.path().canonicalize().unwrap().join(".local/test/postgres/data");
    assert_eq!(postgres.data_dir(), inside);
    assert_eq!(data.permissions().mode() & 0o777, 0o700);
    assert_ne!(data.uid(), 0, "PostgreSQL refuses root");
}

#[test]
fn a_project_closed_to_others_keeps_its_data_outside_for_root_alone() {
    let project = Project::new();
    close_to_others(&project);
    let postgres = project.postgres();
    let data = postgres.data_dir().to_path_buf();

    assert_eq!(ask(&postgres, "select 1"), "1");
    let inside = data.starts_with(project.path().canonicalize().unwrap());
    assert_eq!(inside, !am_root(), "{}", data.display());
    drop(postgres);

    local_services::reset(project.path(), Purpose::Test).unwrap();
    assert!(!data.parent().unwrap().exists(), "reset deletes the data outside as well");
    assert!(would_delete(project.path(), Purpose::Test).unwrap().is_empty());
}

#[test]
fn data_outside_are_found_again_after_the_project_was_opened() {
    let project = Project::new();
    close_to_others(&project);
    ask(&project.postgres(), "create table kept as select 1 as n");
    fs::set_permissions(project.path(), PermissionsExt::from_mode(0o755)).unwrap();

    assert_eq!(ask(&project.postgres(), "select n from kept"), "1");
}

#[test]
fn a_folder_made_by_somebody_else_is_refused() {
    if !am_root() {
        println!("only root can give a folder away; nothing to check");
        return;
    }
    let project = Project::new();
    let home = project.path().join(".local/test");
    fs::create_dir_all(&home).unwrap();
    std::os::unix::fs::chown(&home, Some(12345), None).unwrap();
    let error = Postgres::acquire(project.path(), Purpose::Test).unwrap_err();
    assert!(matches!(error, Error::NotOurs { owner: 12345, .. }), "{error}");

    std::os::unix::fs::chown(&home, Some(0), None).unwrap();
    let folder = home.join("postgres");
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::chown(&folder, Some(12345), None).unwrap();
    let error = Postgres::acquire(project.path(), Purpose::Test).unwrap_err();
    assert!(matches!(error, Error::NotOurs { owner: 12345, .. }), "{error}");

    fs::remove_dir(&folder).unwrap();
    std::os::unix::fs::symlink("/etc", &folder).unwrap();
    let error = Postgres::acquire(project.path(), Purpose::Test).unwrap_err();
    assert!(matches!(error, Error::NotOurs { .. }), "{error}");
    assert_eq!(fs::metadata("/etc").unwrap().uid(), 0);
}
