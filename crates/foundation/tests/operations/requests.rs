//! What a person on call can ask a running server.

use crate::on_call::{ROUTES, TOKEN, operated, spans_of};
use actix_web::http::Method;
use foundation::http::{ServeError, Server};
use foundation::testing::{TestApp, config};

#[actix_web::test]
async fn without_a_token_the_routes_are_like_any_unknown_one() {
    let app = TestApp::start(ROUTES);
    let client = app.bearing(TOKEN);
    for path in ["/operations/requests", "/operations/activity", "/operations/log-level"] {
        let reply = client.get(path).await.problem(404);
        let unknown = client.get("/operations/nothing").await.problem(404);
        assert_eq!(reply["detail"], unknown["detail"], "{path}");
    }
}

#[actix_web::test]
async fn anything_but_the_token_is_a_401_that_says_what_to_send() {
    let app = operated(&[]);
    let asked = r#"Bearer realm="operations""#;
    let refused = r#"Bearer realm="operations", error="invalid_token""#;
    let longer = format!("Bearer {TOKEN}x");
    let cases = [
        ("nothing", None, asked),
        ("another scheme", Some("Basic b3BlcmF0b3I="), asked),
        ("a wrong one", Some("Bearer wrong"), refused),
        ("an empty one", Some("Bearer "), asked),
        ("the first half", Some("Bearer correct-horse"), refused),
        ("one more letter", Some(&longer), refused),
    ];
    for (name, header, challenge) in cases {
        let headers = header.map(|value| ("authorization", value));
        let reply = app
            .anonymous()
            .send(Method::GET, "/operations/requests", headers.as_slice(), None)
            .await;
        reply.problem(401);
        assert_eq!(reply.header("www-authenticate"), challenge, "{name}");
        assert!(!reply.text.contains(TOKEN), "{name}");
    }
    assert_eq!(app.bearing(TOKEN).get("/operations/requests").await.status.as_u16(), 200);
}

#[test]
fn a_token_that_could_be_guessed_keeps_the_server_from_starting() {
    let error = Server::bind(&config(&["--operations-token", "fifteen-letters"])).unwrap_err();
    assert!(matches!(error, ServeError::Token(_)), "{error}");
    assert!(error.to_string().contains("16 characters") && !error.to_string().contains("fifteen"));
}

#[actix_web::test]
async fn a_request_is_found_by_its_id_and_tells_where_its_time_went() {
    let app = operated(&[]);
    let named = [("x-request-id", "order-7")];
    let path = "/api/orders/7?card=4111111111111111";
    let served = app.anonymous().send(Method::GET, path, &named, None).await;
    assert_eq!(served.status.as_u16(), 200);

    let reply = app.bearing(TOKEN).get("/operations/requests/order-7").await;
    assert_eq!(reply.status.as_u16(), 200, "{}", reply.text);
    let found = &reply.json()["requests"][0];
    assert_eq!(
        (&found["request_id"], &found["method"], &found["route"], &found["status"]),
        (&"order-7".into(), &"GET".into(), &"/api/orders/{id}".into(), &200.into())
    );
    assert_eq!(spans_of(found), ["database.wait", "database.run", "render"]);
    assert_eq!(found["spans"][1]["statements"], 3, "an N+1 would show here");
    let spans = found["spans"].as_array().unwrap();
    let spent: u64 = spans.iter().map(|span| span["duration_us"].as_u64().unwrap()).sum();
    assert!(spent <= found["duration_us"].as_u64().unwrap(), "one after the other: {found}");
    assert!(!reply.text.contains("4111") && !reply.text.contains("orders/7"), "{}", reply.text);
}

#[actix_web::test]
async fn an_id_that_no_request_had_is_a_404() {
    let app = operated(&[]);
    for id in ["0af7651916cd43dd8448eb211c80319c", "a%20b", "%00", &"x".repeat(200)] {
        app.bearing(TOKEN).get(&format!("/operations/requests/{id}")).await.problem(404);
    }
}

#[actix_web::test]
async fn a_request_that_ran_out_of_time_names_its_route_and_the_step_it_was_at() {
    let app = operated(&["--request-timeout", "1s", "--statement-timeout", "30s"]);
    app.anonymous().get("/api/orders/7").await; // Connects, which may take longer than a second.
    let named = [("x-request-id", "stuck")];
    app.anonymous().send(Method::GET, "/api/sleep", &named, None).await.problem(503);

    let reply = app.bearing(TOKEN).get("/operations/requests?failed").await.json();
    let found = &reply["requests"][0];
    assert_eq!((&found["request_id"], &found["route"]), (&"stuck".into(), &"/api/sleep".into()));
    assert_eq!(spans_of(found), ["database.wait", "database.run"]);
    assert_eq!(found["spans"][1]["unfinished"], true, "{found}");
}

#[actix_web::test]
async fn only_slow_requests_are_listed_as_slow_and_logged_with_their_spans() {
    let tap = crate::on_call::tap();
    let slow = operated(&["--slow-request", "0s"]);
    let usual = operated(&["--slow-request", "1h"]);
    for (app, id) in [(&slow, "tortoise"), (&usual, "hare")] {
        let named = [("x-request-id", id)];
        app.anonymous().send(Method::GET, "/api/orders/7", &named, None).await;
    }
    let listed = slow.bearing(TOKEN).get("/operations/requests?slow&limit=1").await.json();
    assert_eq!(listed["requests"][0]["request_id"], "tortoise", "{listed}");
    let listed = usual.bearing(TOKEN).get("/operations/requests?slow=true").await.json();
    assert_eq!((&listed["finished"], &listed["requests"]), (&1.into(), &serde_json::json!([])));

    let lines = tap.lines();
    let line_of = |id| lines.iter().find(|line| line.field("request_id") == Some(id));
    let line = line_of("tortoise").expect("the slow one is logged");
    assert_eq!((line.message.as_str(), line.field("status")), ("slow request", Some("200")));
    assert!(line.field("timeline").unwrap().contains("database.run"), "{line}");
    assert!(line_of("hare").is_none(), "and the other is not");
}

#[actix_web::test]
async fn a_query_that_makes_no_sense_is_refused() {
    let app = operated(&[]);
    let cases = [
        ("slow=maybe", 400),
        ("limit=ten", 400),
        ("color=red", 400),
        ("limit=0", 422),
        ("limit=201", 422),
    ];
    for (query, status) in cases {
        let reply = app.bearing(TOKEN).get(&format!("/operations/requests?{query}")).await;
        assert_eq!(reply.status.as_u16(), status, "{query}: {}", reply.text);
        reply.problem(status);
    }
}

#[actix_web::test]
async fn a_server_that_sheds_everything_still_answers_the_person_on_call() {
    let app = operated(&["--max-in-flight", "0"]);
    app.anonymous().get("/api/orders/7").await.problem(503);
    let reply = app.bearing(TOKEN).get("/operations/requests?failed").await.json();
    assert_eq!(reply["requests"][0]["route"], "/api/orders/{id}", "{reply}");
}

#[actix_web::test]
async fn the_description_names_the_routes_and_their_401() {
    let app = TestApp::start(ROUTES);
    let paths = app.anonymous().get("/openapi.json").await.json()["paths"].clone();
    let routes = [
        ("/operations/requests", "get"),
        ("/operations/requests/{id}", "get"),
        ("/operations/activity", "get"),
        ("/operations/log-level", "get"),
        ("/operations/log-level", "put"),
        ("/operations/log-level", "delete"),
    ];
    for (path, method) in routes {
        let responses = &paths[path][method]["responses"];
        assert!(responses["200"].is_object(), "{method} {path}: {responses}");
        let refused = &responses["401"]["content"]["application/problem+json"];
        assert!(refused.is_object(), "{method} {path}: {responses}");
    }
}
