//! More than one run at a time: who waits, who gives up, and what is left behind.
#![allow(clippy::unwrap_used)] // A test that cannot go on says where.

mod support;

use std::time::Duration;

use actix_web::http::Method;
use actix_web::rt::time::sleep;
use backend::answers::ANSWERS;
use backend::study::{DemoPolicy, Runs};
use evidence::Answer;
use futures_util::StreamExt;
use futures_util::future::join;
use support::{HOLDING, SAMPLE, Site, until_scratch_databases};

static SAMPLES: &[&Answer] = &[&SAMPLE, &HOLDING];

#[actix_web::test]
async fn the_second_of_two_waits_and_sees_the_line() {
    let site = Site::start(SAMPLES, DemoPolicy::Loopback);
    assert_eq!(site.run("caching", "").await, [1]);
    let second = site.post("/answers/todo-api/runs", "scale=quick").await;
    assert_eq!((second.status.as_u16(), &second.json()["position"]), (202, &1.into()));
    let page = site.get("/answers/todo-api").await.text;
    assert!(page.contains("Waiting: one demo runs at a time, and 1 is in front"), "{page}");
    assert!(
        page.contains(
            "<ol class=\"queue\"><li>Where would you add a cache, and what can go wrong?</li></ol>"
        ),
        "{page}"
    );
    let stopping = async {
        sleep(Duration::from_millis(150)).await;
        site.post("/runs/1/stop", "").await
    };
    let (stream, stopped) = join(site.follow(2), stopping).await;
    assert_eq!(stopped.status, 204);
    assert!(
        stream.text.contains("<li>Where would you add a cache"),
        "it was told to wait: {}",
        stream.text
    );
    assert!(stream.text.contains("verdict passed"), "its turn came: {}", stream.text);
}

#[actix_web::test]
async fn whoever_waits_can_leave_the_line() {
    let site = Site::start(SAMPLES, DemoPolicy::Loopback);
    site.run("caching", "").await;
    site.run("todo-api", "").await;
    assert_eq!(site.post("/runs/2/stop", "").await.status, 204);
    let stream = site.follow(2).await.text;
    assert!(stream.contains("verdict stopped") && !stream.contains("Climb"), "{stream}");
    assert_eq!(site.post("/runs/9/stop", "").await.status, 404);
}

#[actix_web::test]
async fn the_line_is_bounded_and_says_when_to_come_again() {
    let site = Site::start(SAMPLES, DemoPolicy::Loopback);
    for _ in 0..7 {
        site.run("caching", "").await;
    }
    let refused = site.post("/answers/todo-api/runs", "").await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after"), "30");
}

#[actix_web::test]
async fn closing_the_page_that_follows_a_run_stops_it() {
    let site = Site::start(SAMPLES, DemoPolicy::Loopback);
    site.run("caching", "").await;
    let client = awc::Client::default();
    let request = client.get(format!("http://{}/runs/1/events", site.address));
    let mut stream = request.send().await.unwrap();
    assert!(stream.next().await.is_some(), "it follows");
    drop(stream);
    drop(client);
    site.until_page_holds("/answers/caching", "verdict stopped").await;
}

/// A demo that fills a scratch database, and so has something to leave behind.
#[actix_web::test]
async fn a_closed_page_and_a_stopped_server_leave_no_scratch_database_behind() {
    let site = Site::start(ANSWERS, DemoPolicy::Loopback);
    let own = std::process::id();
    site.run("todo-api", "scale=full").await;
    {
        let client = awc::Client::default();
        let request = client.get(format!("http://{}/runs/1/events", site.address));
        let mut stream = request.send().await.unwrap();
        assert!(stream.next().await.is_some(), "it follows");
        until_scratch_databases(own, |count| count > 0).await;
    }
    until_scratch_databases(own, |count| count == 0).await;
    site.run("todo-api", "scale=full").await;
    until_scratch_databases(own, |count| count > 0).await;
    // What the server does at Ctrl-C and SIGTERM.
    site.runs.close();
    until_scratch_databases(own, |count| count == 0).await;
}

#[actix_web::test]
async fn a_run_that_a_plain_form_started_goes_on_without_a_page() {
    let site = Site::start(SAMPLES, DemoPolicy::Loopback);
    let origin = format!("http://{}", site.address);
    let headers = [("origin", origin.as_str()), ("accept", "text/html")];
    let reply = site.send(Method::POST, "/answers/todo-api/runs", &headers, "scale=quick").await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (303, "/answers/todo-api#run"));
    site.until_page_holds("/answers/todo-api", "verdict passed").await;
}

#[actix_web::test]
async fn a_switch_runs_the_demo_twice_and_shows_what_changed() {
    let site = Site::start(SAMPLES, DemoPolicy::Loopback);
    let page = site.get("/interviewer/todo-api").await.text;
    assert!(
        page.contains("<li>if match loses no edit</li>") && !page.contains("claim-pairs"),
        "{page}"
    );
    let runs = site.run("todo-api", "scale=quick&switch=no-if-match").await;
    assert_eq!(runs, [1, 2], "first without the switch, to compare with");
    for run in runs {
        assert!(site.follow(run).await.text.contains("event: finished"));
    }
    let page = site.get("/interviewer/todo-api").await.text;
    for shown in [
        "Exactly the expected claims broke.",
        "<li data-claim=\"if-match-loses-no-edit\">",
        "<strong>0</strong> edits are lost",
        "<strong>1</strong> edits are lost",
        "2 claims did not change",
    ] {
        assert!(page.contains(shown), "{shown} is missing: {page}");
    }
    assert_eq!(site.run("todo-api", "scale=quick&switch=no-if-match").await, [3]);
    let index = site.get("/").await.text;
    assert!(index.contains("3 of 3 claims held here"), "a run with a switch is no verdict");
}

#[actix_web::test]
async fn the_last_run_of_this_machine_outlives_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let runs = Runs::kept_in(folder.path().to_path_buf(), SAMPLES);
        Site::with(SAMPLES, DemoPolicy::Loopback, runs)
    };
    {
        let site = start();
        assert!(!site.get("/").await.text.contains("held here"));
        let run = site.run("todo-api", "scale=quick").await;
        site.follow(run[0]).await;
        // The file is written after the last event.
        while !folder.path().join("todo-api.jsonl").exists() {
            sleep(Duration::from_millis(10)).await;
        }
    }
    let site = start();
    assert!(site.get("/").await.text.contains("3 of 3 claims held here"));
    let page = site.get("/answers/todo-api").await.text;
    assert!(page.contains("data-origin=\"here\""), "the story has the numbers of this machine");
}
