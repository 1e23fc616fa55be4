//! `probe` as somebody else calls it: output and exit codes.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should panic.

mod support;

use std::process::{Command, Output};

use actix_web::HttpResponse;
use serde_json::{Value, json};

use support::{Server, nobody};

fn probe(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_inconsistent-responses"))
        .arg("probe")
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The second of two instances is a release behind.
fn skewed() -> Server {
    Server::answering(|number, _| {
        let (instance, release, member) = [("a", "2", "new"), ("b", "1", "old")][number % 2];
        HttpResponse::Ok()
            .insert_header(("x-instance", instance))
            .insert_header(("x-release", release))
            .json(json!({ member: 1 }))
    })
}

#[test]
fn consistent_responses_end_with_0() {
    let server = Server::answering(|_, _| HttpResponse::Ok().json(json!({"a": 1})));
    let output = probe(&[server.url.as_str(), "-n", "20"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("different responses: 1\n"), "{}", text(&output.stdout));
}

#[test]
fn inconsistent_responses_end_with_1_and_name_the_cause() {
    let server = skewed();
    let output = probe(&[server.url.as_str(), "-n", "40"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    for part in ["different responses: 2\n", "version skew: /new, /old", "x-release separates them"]
    {
        assert!(said.contains(part), "{part} is not in {said}");
    }
}

#[test]
fn json_holds_the_same_as_the_text() {
    let server = skewed();
    let output = probe(&[server.url.as_str(), "-n", "40", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["requests"], &report["different"]), (&json!(40), &json!(2)));
    assert_eq!(report["differences"][0]["cause"], "version_skew");
    assert_eq!(report["differences"][0]["patterns"], json!(["/new", "/old"]));
}

#[test]
fn the_report_is_written_as_markdown_from_the_run() {
    let server = skewed();
    let folder = std::env::temp_dir().join(format!("probe-report-{}", std::process::id()));
    let output = probe(&[server.url.as_str(), "-n", "40", "--report", folder.to_str().unwrap()]);
    let written = std::fs::read_to_string(&folder);
    let _ = std::fs::remove_file(&folder);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let written = written.unwrap();
    for part in [
        "# Intake, ",
        "40 identical GETs; different responses: 2",
        "# Update 1, ",
        "# Update 2, ",
        "Found: version skew at /new, /old.",
        "# Update 3, ",
        "# Escalation rule",
        "Now, to whoever releases",
        "# Open\n\n2 different responses remain.",
    ] {
        assert!(written.contains(part), "{part} is not in {written}");
    }
}

#[test]
fn wrong_usage_and_nobody_there_end_with_2_and_say_why() {
    for arguments in [&["not a url"][..], &[], &["http://localhost/", "--ignore", "a"]] {
        let output = probe(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).starts_with("error: "), "{}", text(&output.stderr));
    }
    let output = probe(&[nobody().as_str()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("does not answer"), "{}", text(&output.stderr));
}
