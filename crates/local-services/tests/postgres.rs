//! One holder, one PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use local_services::{Postgres, Purpose};
use support::{Project, ask, ask_url};

#[test]
fn a_fresh_project_gets_a_server_that_answers_a_query() {
    let project = Project::new();
    let postgres = project.postgres();

    assert!(postgres.started_here());
    assert_eq!(ask(&postgres, "select 6 * 7"), "42");
    assert_eq!(ask(&postgres, "show data_directory"), postgres.data_dir().to_str().unwrap());
    assert!(ask(&postgres, "show server_version").starts_with(postgres.version()));
    let postmaster = std::fs::read_to_string(postgres.data_dir().join("postmaster.pid")).unwrap();
    assert_eq!(postmaster.lines().next(), Some(postgres.pid().to_string().as_str()));
}

#[test]
fn the_server_speaks_utf8_and_utc_and_is_closed_to_the_network() {
    let project = Project::new();
    let postgres = project.postgres();

    for (setting, value) in [
        ("server_encoding", "UTF8"),
        ("timezone", "UTC"),
        ("max_connections", "200"),
        ("listen_addresses", ""),
    ] {
        assert_eq!(ask(&postgres, &format!("show {setting}")), value, "{setting}");
    }
    let folder = project.socket().parent().unwrap().metadata().unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
}

#[test]
fn serve_and_demo_keep_every_commit_and_test_trades_that_for_speed() {
    let project = Project::new();
    for (purpose, value) in [(Purpose::Serve, "on"), (Purpose::Test, "off"), (Purpose::Demo, "on")]
    {
        let postgres = Postgres::acquire(project.path(), purpose).unwrap();
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            assert_eq!(ask(&postgres, &format!("show {setting}")), value, "{purpose} {setting}");
        }
    }
}

#[test]
fn the_url_parses_and_its_database_name_can_be_replaced() {
    let project = Project::new();
    let postgres = project.postgres();
    ask(&postgres, "create database other");

    let mut url = url::Url::parse(postgres.url()).unwrap();
    url.set_path("other");

    let name = ask_url(postgres.bin_dir(), url.as_str(), "select current_database()");
    assert_eq!(name.unwrap(), "other");
}

#[test]
fn data_outlive_the_server() {
    let project = Project::new();
    ask(&project.postgres(), "create table kept as select 1 as n");

    assert_eq!(ask(&project.postgres(), "select n from kept"), "1");
}

#[test]
fn paths_with_spaces_quotes_commas_and_letters_beyond_ascii_work() {
    let outer = Project::new();
    for name in ["it's \"odd\" é %41", "one,two"] {
        let folder = outer.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        let postgres = Postgres::acquire(&folder, Purpose::Test).unwrap();

        assert_eq!(ask(&postgres, "select 1"), "1", "{name}");
        drop(postgres);
        local_services::reset(&folder, Purpose::Test).unwrap();
    }
}

#[test]
fn a_path_too_long_for_a_socket_falls_back_to_a_loopback_port_with_a_password() {
    let outer = Project::new();
    let folder = outer.path().join("long".repeat(25));
    std::fs::create_dir(&folder).unwrap();
    let postgres = Postgres::acquire(&folder, Purpose::Test).unwrap();

    let mut url = url::Url::parse(postgres.url()).unwrap();
    assert_eq!(url.host_str(), Some("127.0.0.1"));
    assert_eq!(ask(&postgres, "show listen_addresses"), "127.0.0.1");
    url.set_password(Some("guessed")).unwrap();
    let refused = ask_url(postgres.bin_dir(), url.as_str(), "select 1").unwrap_err();
    assert!(refused.contains("password authentication failed"), "{refused}");

    // Whoever attaches gets the same port and password.
    let second = Postgres::acquire(&folder, Purpose::Test).unwrap();
    assert!(!second.started_here());
    assert_eq!(ask(&second, "select 1"), "1");
    drop((postgres, second));
    local_services::reset(&folder, Purpose::Test).unwrap();
}

#[test]
fn statement_statistics_are_there_when_the_library_is_installed() {
    let project = Project::new();
    let postgres = project.postgres();
    let loaded = ask(&postgres, "show shared_preload_libraries");
    let available =
        "select count(*) from pg_available_extensions where name = 'pg_stat_statements'";

    assert_eq!(loaded == "pg_stat_statements", ask(&postgres, available) == "1");
}

#[test]
fn a_root_that_does_not_exist_is_named_in_the_error() {
    let error = Postgres::acquire(Path::new("/no/such/folder"), Purpose::Test).unwrap_err();
    assert!(error.to_string().contains("/no/such/folder"), "{error}");
}
