//! Running demos from the page.

mod support;

use std::time::Duration;

use actix_web::http::Method;
use backend::answers::ANSWERS;
use backend::study::DemoPolicy;
use evidence::Answer;
use support::{HOLDING, Reply, SAMPLE, Site, assert_balanced};

static SAMPLES: &[&Answer] = &[&SAMPLE, &HOLDING];

/// The HTML of all messages of a stream, in order.
fn messages(stream: &Reply) -> Vec<String> {
    assert_eq!(stream.header("content-type"), "text/event-stream");
    assert_eq!(stream.header("content-encoding"), "identity", "nothing may buffer it");
    let blocks = stream.text.split("\n\n").filter(|block| block.starts_with("event: html"));
    blocks
        .map(|block| {
            let lines: Vec<&str> =
                block.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
            lines.join("\n")
        })
        .collect()
}

#[actix_web::test]
async fn a_run_streams_everything_it_shows_and_finishes() {
    let site = Site::start(SAMPLES, DemoPolicy::Loopback);
    assert_eq!(site.follow(1).await.status, 404, "there was no run yet");
    let run = site.run("todo-api", "scale=quick&seed=42&guess.sum=4").await;
    assert_eq!(run, [1]);
    let stream = site.follow(1).await;
    assert!(stream.text.ends_with("event: finished\ndata: \n\n"), "{}", stream.text);
    for message in messages(&stream) {
        assert_balanced(&message, "a message");
    }
    // The page of a run that is over shows the same.
    let page = site.get("/answers/todo-api").await.text;
    for shown in [
        "Climb &lt;b&gt;",
        "A note &amp; more",
        "<span aria-hidden=\"true\">✕</span> wrong",
        "<span class=\"k\">SELECT</span>",
        "Seq Scan on t",
        "You expected <strong>4</strong>",
        "2.50× too low",
        "3 of 3 claims held",
        "verdict passed",
        "alt=\"Sums. sum. a &amp; b: 3.\"",
        "/runs/1/charts/live-sums.svg",
    ] {
        assert!(stream.text.contains(shown) && page.contains(shown), "{shown} is missing");
    }
    assert_balanced(&page, "the page after the run");
    assert_eq!(site.get("/runs/1/charts/live-sums.svg").await.status, 200);
}

#[actix_web::test]
async fn a_claim_that_does_not_hold_fails_the_run_in_plain_sight() {
    let site = Site::start(SAMPLES, DemoPolicy::Loopback);
    let run = site.run("todo-api", "seed=13").await;
    let stream = site.follow(run[0]).await.text;
    assert!(stream.contains("verdict failed") && stream.contains("Did not hold:"), "{stream}");
    assert!(stream.contains("2 of 3 claims held"), "{stream}");
}

#[actix_web::test]
async fn the_demo_of_error_handling_passes_from_the_page() {
    let site = Site::start(ANSWERS, DemoPolicy::Loopback);
    let run = site.run("error-handling", "scale=quick").await;
    let stream = site.follow(run[0]).await;
    let last = messages(&stream).pop().unwrap();
    assert!(last.contains("verdict passed") || last.contains("Passed:"), "{last}");
    assert!(!stream.text.contains("verdict failed"), "{}", stream.text);
}

#[actix_web::test]
async fn every_watcher_sees_the_end_however_late_it_came() {
    let site = Site::start(SAMPLES, DemoPolicy::Loopback);
    site.run("caching", "").await;
    let stopping = async {
        actix_web::rt::time::sleep(Duration::from_millis(150)).await;
        site.post("/runs/1/stop", "").await
    };
    let late = async {
        actix_web::rt::time::sleep(Duration::from_millis(80)).await;
        site.follow(1).await
    };
    let (early, late, stopped) = futures_util::future::join3(site.follow(1), late, stopping).await;
    assert_eq!(stopped.status, 204);
    for stream in [early, late] {
        assert!(stream.text.contains("verdict stopped"), "{}", stream.text);
        assert!(stream.text.ends_with("event: finished\ndata: \n\n"), "{}", stream.text);
    }
}

#[actix_web::test]
async fn strangers_cannot_start_or_stop_a_demo() {
    let site = Site::start(SAMPLES, DemoPolicy::Loopback);
    let own = site.address.to_string();
    let cases = [
        ("another site", own.as_str(), "https://evil.example"),
        ("another port of this machine", own.as_str(), "http://127.0.0.1:1"),
        ("a rebound name", "evil.example", "http://evil.example"),
    ];
    for path in ["/answers/todo-api/runs", "/runs/1/stop"] {
        for (case, host, origin) in cases {
            let headers = [("host", host), ("origin", origin)];
            let reply = site.send(Method::POST, path, &headers, "scale=quick").await;
            assert_eq!(reply.status, 403, "{case} at {path}: {}", reply.text);
            assert_eq!(reply.json()["type"], "/problems/forbidden", "{case}");
        }
    }
    assert_eq!(site.follow(1).await.status, 404, "nothing was started");
}

#[actix_web::test]
async fn a_server_beyond_its_machine_runs_demos_only_when_told_to() {
    let closed = Site::start(SAMPLES, DemoPolicy::Nobody);
    let reply = closed.post("/answers/todo-api/runs", "").await;
    assert_eq!(reply.status, 403);
    assert!(reply.json()["detail"].as_str().unwrap().contains("--allow-demos"), "{}", reply.text);
    let page = closed.get("/answers/todo-api").await.text;
    assert!(!page.contains("Run the demo") && page.contains("make demo Q=todo-api"));
    let open = Site::start(SAMPLES, DemoPolicy::Anybody);
    assert_eq!(open.post("/answers/todo-api/runs", "").await.status, 202);
}

#[actix_web::test]
async fn a_field_that_cannot_be_read_is_named() {
    let site = Site::start(SAMPLES, DemoPolicy::Loopback);
    let cases = [
        ("scale=huge", "#/scale"),
        ("seed=-1", "#/seed"),
        ("guess.sum=much", "#/guess.sum"),
        ("guess.none=1", "#/guess.none"),
        ("other=1", "#/other"),
        ("switch=index-dropped", "#/switch"),
    ];
    for (form, pointer) in cases {
        let reply = site.post("/answers/todo-api/runs", form).await;
        assert_eq!(reply.status, 422, "{form}");
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{form}");
    }
    assert_eq!(site.post("/answers/none/runs", "").await.status, 404);
    assert_eq!(site.post("/answers/todo-api/runs", "guess.sum=").await.status, 202, "left empty");
}
