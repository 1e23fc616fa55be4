//! The probe against servers that answer now this, now that.
#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should panic.

mod support;

use std::time::Duration;

use actix_web::HttpResponse;
use inconsistent_responses::{Case, Cause, Evidence, Probe, ProbeError};
use serde_json::json;

use support::{Server, in_turn, nobody, run};

#[actix_web::test]
async fn responses_that_are_written_differently_and_mean_the_same_are_the_same() {
    let server = Server::answering(|number, _| {
        let body =
            if number % 2 == 0 { r#"{"a":1,"b":[1,2]}"# } else { r#"{ "b": [1, 2], "a": 1 }"# };
        HttpResponse::Ok().content_type("application/json").body(body)
    });
    let report = run(&in_turn(&server.url, 20)).await;
    assert!(report.is_consistent(), "{report}");
    assert_eq!((report.requests, report.groups[0].responses), (20, 20));
    assert!(report.differences.is_empty(), "{report}");
}

#[actix_web::test]
async fn requests_are_identical_and_carry_the_given_headers() {
    let server = Server::answering(|_, request| {
        let headers: Vec<String> =
            request.headers().iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        let token = request.headers().get("authorization").map(|value| value.to_str().unwrap());
        HttpResponse::Ok().json(json!({"headers": headers.len(), "token": token}))
    });
    let mut probe = in_turn(&server.url, 20);
    let name = "authorization".parse().unwrap();
    probe.headers.push((name, "Bearer abc".parse().unwrap()));
    let report = run(&probe).await;
    assert!(report.is_consistent(), "{report}");
    let without = run(&in_turn(&server.url, 2)).await;
    assert_ne!(report.groups[0].digest, without.groups[0].digest, "the token arrives");
}

#[actix_web::test]
async fn a_status_that_comes_and_goes_is_named_and_its_request_id_kept() {
    let server = Server::answering(|number, _| match number % 4 {
        3 => HttpResponse::InternalServerError()
            .insert_header(("x-request-id", format!("id-{number}")))
            .json(json!({"title": "broken"})),
        _ => HttpResponse::Ok().json(json!({"a": 1})),
    });
    let report = run(&in_turn(&server.url, 40)).await;
    assert_eq!((report.different, report.causes()), (2, vec![Cause::Failing]));
    let failed = report.groups.iter().find(|group| group.status == 500).unwrap();
    assert_eq!((failed.responses, failed.request_id.as_deref()), (10, Some("id-3")));
}

#[actix_web::test]
async fn a_request_without_a_response_is_a_response_that_differs() {
    let server = Server::answering(|number, _| match number {
        5 => HttpResponse::Ok().body("x".repeat(2_000)),
        _ => HttpResponse::Ok().body("x"),
    });
    let report = run(&Probe { body_limit: 1_000, ..in_turn(&server.url, 10) }).await;
    assert_eq!((report.different, report.causes()), (2, vec![Cause::Failing]));
    let failed = &report.groups[1];
    assert_eq!((failed.status, failed.responses, failed.first), (0, 1, 6));
    assert!(failed.media_type.contains("more than 1000 bytes"), "{}", failed.media_type);
}

#[actix_web::test]
async fn a_redirect_is_a_response_and_not_followed() {
    let server = Server::answering(|_, _| {
        HttpResponse::Found().insert_header(("location", "http://127.0.0.1:1/")).finish()
    });
    let report = run(&in_turn(&server.url, 5)).await;
    assert_eq!((report.different, report.groups[0].status), (1, 302));
}

#[actix_web::test]
async fn nobody_there_is_an_error_that_says_so() {
    let url = nobody();
    let error = in_turn(&url, 5).run(&mut |_| Ok(())).await.unwrap_err();
    assert!(matches!(error, ProbeError::Unreachable { .. }));
    assert!(error.to_string().starts_with(&format!("{url} does not answer: ")), "{error}");
}

#[actix_web::test]
async fn a_server_that_never_answers_is_given_up_on() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let probe = Probe { timeout: Duration::from_millis(50), ..in_turn(&url, 5) };
    let error = probe.run(&mut |_| Ok(())).await.unwrap_err();
    assert!(error.to_string().contains("no response within 50ms"), "{error}");
}

#[actix_web::test]
async fn a_server_without_tls_is_no_https_server() {
    let server = Server::answering(|_, _| HttpResponse::Ok().finish());
    let mut url = server.url.clone();
    url.set_scheme("https").unwrap();
    let error = in_turn(&url, 5).run(&mut |_| Ok(())).await.unwrap_err();
    assert!(error.to_string().contains("no connection: "), "{error}");
}

#[actix_web::test]
async fn whoever_watches_may_stop_it() {
    let server = Server::answering(|_, _| HttpResponse::Ok().finish());
    let mut seen = 0;
    let stopped = in_turn(&server.url, 50)
        .run(&mut |done| {
            seen = done;
            if done == 7 { Err("enough".into()) } else { Ok(()) }
        })
        .await;
    assert_eq!((seen, stopped.unwrap_err().to_string().as_str()), (7, "enough"));
}

#[actix_web::test]
async fn what_is_new_in_every_response_is_named_and_may_be_ignored() {
    let server = Server::answering(|number, _| {
        HttpResponse::Ok().json(json!({"id": number, "at": {"time": number * 3}, "a": 1}))
    });
    let mut probe = in_turn(&server.url, 100);
    let report = run(&probe).await;
    assert_eq!((report.different, report.causes()), (100, vec![Cause::Volatile]));
    assert_eq!(report.differences[0].patterns, ["/at/time", "/id"]);
    probe.ignore = ["/id", "/at/*"].map(|pointer| pointer.parse().unwrap()).to_vec();
    assert!(run(&probe).await.is_consistent());
}

#[actix_web::test]
async fn failures_are_counted_among_bodies_that_are_all_new() {
    let server = Server::answering(|number, _| match number % 100 {
        99 => HttpResponse::BadGateway().json(json!({"id": number})),
        _ => HttpResponse::Ok().json(json!({"id": number})),
    });
    let report = run(&in_turn(&server.url, 200)).await;
    assert_eq!(report.causes(), [Cause::Failing, Cause::Volatile]);
    let failing = report.caused_by(Cause::Failing).unwrap();
    let variants: Vec<_> =
        failing.variants.iter().map(|one| (one.value.as_deref().unwrap(), one.responses)).collect();
    assert_eq!(variants, [("200 application/json", 198), ("502 application/json", 2)]);
}

#[actix_web::test]
async fn a_header_of_another_name_may_name_the_instances() {
    let server = Server::answering(|number, _| {
        let pod = ["north", "south"][number % 2];
        HttpResponse::Ok().insert_header(("x-pod", pod)).json(json!({"limit": number % 2}))
    });
    let probe = Probe { instance_header: "x-pod".to_owned(), ..in_turn(&server.url, 40) };
    let report = run(&probe).await;
    assert_eq!(report.causes(), [Cause::StaleCopy]);
    let values = vec!["north".to_owned(), "south".to_owned()];
    let by_pod = Evidence::Header { name: "x-pod".to_owned(), values };
    assert_eq!(report.differences[0].evidence, [by_pod]);
}

#[actix_web::test]
async fn a_difference_that_nothing_separates_is_left_unexplained() {
    let server = Server::answering(|number, _| {
        HttpResponse::Ok()
            .insert_header(("x-instance", ["a", "b"][number % 2]))
            .json(json!({"limit": number / 2 % 2}))
    });
    let report = run(&in_turn(&server.url, 40)).await;
    assert_eq!(report.causes(), [Cause::Unexplained]);
    assert!(report.to_string().contains("nothing separates them"), "{report}");
}

#[actix_web::test]
async fn a_case_tells_each_fix_with_its_count_and_is_closed_by_the_probe_that_finds_one_response() {
    let skewed = Server::answering(|number, _| {
        let (release, member) = [("2", "new"), ("1", "old")][number % 2];
        HttpResponse::Ok().insert_header(("x-release", release)).json(json!({ member: 1 }))
    });
    let fixed = Server::answering(|_, _| HttpResponse::Ok().json(json!({"new": 1})));
    let (before, after) =
        (run(&in_turn(&skewed.url, 40)).await, run(&in_turn(&fixed.url, 40)).await);
    let open = Case::of(&before).then("nothing yet", &before).to_string();
    assert!(open.contains("# Open\n\n2 different responses remain."), "{open}");
    let closed = Case::of(&before).then("rollout finished", &after).to_string();
    for part in [
        "rollout finished: different responses 2 → 1",
        "40 identical GETs, 1 response; 2 at intake",
    ] {
        assert!(closed.contains(part), "{part} is not in {closed}");
    }
    let time = after.ended().format("# Closing note, %H:%M:%S UTC").to_string();
    assert!(closed.contains(&time), "{time} is not in {closed}");
    let unfounded = Case::of(&after).to_string();
    assert!(unfounded.contains("Not reproduced."), "{unfounded}");
}
