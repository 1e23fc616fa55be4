//! The dojo as a process: piped, broken off, stopped.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};

use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};
use local_services::Purpose;

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// On the server of the tests, with its input and output piped.
fn dojo(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_production-incident"))
        .arg("dojo")
        .args(arguments)
        .env("DATABASE_URL", local_services::server_url(Purpose::Test).unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Types these lines, then closes the input.
fn played(arguments: &[&str], lines: &str) -> (u32, Output) {
    let mut child = dojo(arguments);
    let process = child.id();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    (process, child.wait_with_output().unwrap())
}

fn databases_of(process: u32) -> Vec<String> {
    let url = local_services::server_url(Purpose::Test).unwrap();
    let mut admin = PgConnection::establish(&url).unwrap();
    sql_query("SELECT datname::text AS name FROM pg_database WHERE datname LIKE $1")
        .bind::<Text, _>(format!("show_your_work_scratch_{process}_%"))
        .load::<Name>(&mut admin)
        .unwrap()
        .into_iter()
        .map(|row| row.name)
        .collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn an_incident_solved_through_a_pipe_ends_well_and_writes_its_postmortem() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("postmortem.md");
    // Seed 1 is the idle transaction.
    let arguments = ["--seed", "1", "--postmortem", file.to_str().unwrap()];
    let lines = "status\nactivity\nmitigate terminate-idle\nguess idle-transaction\nfix\nquit\n";
    let (process, output) = played(&arguments, lines);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}\n{}", text(&output.stderr));
    assert!(shown.contains("ALERT") && shown.contains("idle in transaction"), "{shown}");
    assert!(shown.contains("0 of the next"), "{shown}");
    let postmortem = std::fs::read_to_string(file).unwrap();
    assert!(postmortem.starts_with("# Postmortem: order-lookup"), "{postmortem}");
    assert_eq!(databases_of(process), Vec::<String>::new());
}

#[test]
fn an_input_that_ends_in_the_middle_leaves_nothing_behind() {
    let (process, output) = played(&["--fault", "growing-queries"], "status\nbogus\n");
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{shown}\n{}", text(&output.stderr));
    assert!(shown.contains("there is no `bogus`"), "{shown}");
    assert!(shown.contains("handed over, not resolved"), "{shown}");
    assert_eq!(databases_of(process), Vec::<String>::new());
}

#[test]
fn ctrl_c_in_the_middle_leaves_nothing_behind() {
    let mut child = dojo(&["--fault", "retry-storm"]);
    // Kept open: the input does not end, somebody leaves.
    let input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("ALERT")));
    assert_eq!(databases_of(child.id()).len(), 1, "it has a database of its own");
    let process = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &process]).status().unwrap().success());
    // Reading to the end keeps it from being stopped by a full pipe instead.
    assert!(lines.any(|line| line.contains("# Postmortem")), "it tells how far it came");
    lines.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(databases_of(child.id()), Vec::<String>::new());
    drop(input);
}

#[test]
fn a_fault_that_does_not_exist_is_wrong_usage_and_the_message_names_those_that_do() {
    let (_, output) = played(&["--fault", "gremlins"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("leaked-connection"), "{}", text(&output.stderr));
}
