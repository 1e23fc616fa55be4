//! The program as it is called.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use actix_web::http::Method;
use backend::answers::ANSWERS;
use foundation::scratch::Scratch;
use local_services::{Purpose, Signal, send_signal, server_url};
use support::{assert_balanced, send, until_scratch_databases};

fn backend(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backend"));
    command.args(arguments).env_remove("DATABASE_URL").env_remove("LISTEN");
    command
}

fn output(arguments: &[&str]) -> Output {
    backend(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn list_names_all_eighteen_questions_and_which_are_built() {
    let lines = text(&output(&["list"]).stdout);
    assert_eq!(lines.lines().count(), 18);
    let built = lines.lines().filter(|line| line.contains("  built  ")).count();
    assert_eq!(built, ANSWERS.len());
}

#[test]
fn openapi_describes_every_endpoint() {
    let printed = output(&["openapi"]);
    let description: serde_json::Value = serde_json::from_slice(&printed.stdout).unwrap();
    let paths = &description["paths"];
    for path in ["/health/live", "/health/ready", "/metrics", "/api/v1/logs", "/api/v1/logs/plan"] {
        assert!(paths[path]["get"].is_object(), "{path} is missing");
    }
    assert!(paths["/api/v1/logs"]["post"].is_object());
}

#[test]
fn a_demo_runs_and_a_mistake_is_answered_with_what_there_is() {
    let passed = output(&["demo", "8", "--scale", "quick", "--json"]);
    assert_eq!(passed.status.code(), Some(0), "{}", text(&passed.stderr));
    let last = text(&passed.stdout).lines().last().unwrap().to_owned();
    assert!(last.contains(r#""event":"finished","verdict":"passed""#), "{last}");
    let wrong = output(&["demo", "nonsense"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("log-partitions"), "{}", text(&wrong.stderr));
}

#[test]
fn a_job_runs_once_or_only_tells() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = backend(arguments);
        let output = command.envs(scratch.environment()).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert!(run(&["job"]).contains("log-maintenance"));
    let told = run(&["job", "log-maintenance", "--dry-run"]);
    let done = run(&["job", "log-maintenance"]);
    assert_eq!(told, done, "a dry run tells what a run does");
    assert!(run(&["job", "log-maintenance"]).contains("nothing to do"));
    let unknown = backend(&["job", "none"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("log-maintenance"));
}

#[test]
fn a_port_in_use_is_told_before_anything_is_started() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = output(&["serve", "--listen", &address]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("is in use"), "{}", text(&refused.stderr));
}

/// The address in the first line that shows one.
fn address_of(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> SocketAddr {
    let line = lines.map(Result::unwrap).find(|line| line.contains("http://")).unwrap();
    let (_, address) = line.split_once("http://").unwrap();
    address.trim_end_matches('/').parse().unwrap()
}

#[actix_web::test]
async fn a_server_that_is_watched_and_runs_a_demo_stops_cleanly_when_told_to() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let mut child = backend(&["--listen", "127.0.0.1:0"])
        .envs(scratch.environment())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = address_of(&mut lines);
    assert_eq!(send(address, Method::GET, "/health/ready", &[], "").await.status, 200);
    assert_eq!(send(address, Method::GET, "/api/v1/logs", &[], "").await.status, 200);
    let run = "/answers/error-handling/runs";
    let accept = [("accept", "application/json")];
    let accepted = send(address, Method::POST, run, &accept, "scale=full").await;
    assert_eq!(accepted.status, 202, "{}", accepted.text);
    // Runs that this machine remembers have numbers, too.
    let watcher = send(address, Method::GET, accepted.header("location"), &[], "");
    let told = async {
        actix_web::rt::time::sleep(Duration::from_millis(200)).await;
        send_signal(child.id(), Signal::Terminate).unwrap();
        Instant::now()
    };
    let (stream, told) = futures_util::future::join(watcher, told).await;
    assert!(stream.text.contains("verdict stopped"), "{}", stream.text);
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(15), "it took {:?} to stop", told.elapsed());
}

#[actix_web::test]
async fn ctrl_c_leaves_no_scratch_database_behind() {
    let server = server_url(Purpose::Test).unwrap();
    let mut child = backend(&["demo", "todo-api", "--scale", "full", "--json"])
        .env("DATABASE_URL", &server)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until_scratch_databases(child.id(), |count| count > 0).await;
    press_ctrl_c(child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    until_scratch_databases(child.id(), |count| count == 0).await;
}

/// What a terminal sends to the program in front.
fn press_ctrl_c(process: u32) {
    let sent = Command::new("sh").args(["-c", &format!("kill -INT {process}")]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_report_of_recorded_runs_is_one_file_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.html");
    let written = output(&["report", "--recorded", "--out", file.to_str().unwrap()]);
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    let page = std::fs::read_to_string(&file).unwrap();
    assert_balanced(&page, "the report");
    for answer in ANSWERS {
        assert!(page.contains(&format!("id=\"{}-heading\"", answer.slug)), "{}", answer.slug);
    }
    assert_eq!(page.matches("recorded-kind\">recorded").count(), 2 * ANSWERS.len());
    assert!(page.contains("data:image/svg+xml,%3Csvg"));
    for outside in ["src=\"http", "src=\"/", "href=\"/", "href=\"http", "<script", "<link"] {
        assert!(!page.contains(outside), "it needs something else: {outside}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_any_demo_runs() {
    let refused = output(&["report", "--out", "/nowhere/report.html"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("/nowhere/report.html"), "{}", text(&refused.stderr));
}

#[test]
fn a_switch_that_a_demo_does_not_have_is_answered_with_those_it_has() {
    let refused = output(&["demo", "auth", "--scale", "quick", "--switch", "none"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("limit-off"), "{}", text(&refused.stderr));
}

#[test]
fn a_database_that_is_away_is_told_with_the_next_step_and_without_its_password() {
    let mut command = backend(&["job", "log-maintenance"]);
    let command = command.env("DATABASE_URL", "postgres://app:hunter2@127.0.0.1:one/shop");
    let refused = command.output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stderr) + &text(&refused.stdout);
    assert!(said.contains("unset") && !said.contains("hunter2"), "{said}");
}
