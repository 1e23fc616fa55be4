//! What every server does around its handlers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::common::ROUTES;
use actix_web::http::Method;
use foundation::testing::TestApp;

#[actix_web::test]
async fn a_server_is_alive_and_ready() {
    let app = TestApp::start(&[]);
    for path in ["/health/live", "/health/ready"] {
        let reply = app.anonymous().get(path).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, r#"{"status":"ok"}"#));
    }
}

#[actix_web::test]
async fn an_unknown_route_is_a_404_and_a_wrong_method_a_405_that_lists_the_right_ones() {
    let app = TestApp::start(ROUTES);
    let client = app.anonymous();
    let missing = client.get("/api/nowhere").await.problem(404);
    assert_eq!(missing["instance"], "/api/nowhere");
    let reply = client.send(Method::DELETE, "/api/echo", &[], None).await;
    reply.problem(405);
    assert_eq!(reply.header("allow"), "POST");
}

#[actix_web::test]
async fn head_answers_like_get_without_a_body() {
    let app = TestApp::start(ROUTES);
    let head = app.anonymous().send(Method::HEAD, "/api/big", &[], None).await;
    assert_eq!((head.status.as_u16(), head.text.len()), (200, 0));
}

#[actix_web::test]
async fn a_sane_request_id_is_kept_and_any_other_replaced() {
    let app = TestApp::start(ROUTES);
    let client = app.anonymous();
    let kept = client.send(Method::GET, "/api/x", &[("x-request-id", "trace-7")], None).await;
    assert_eq!(kept.problem(404)["request_id"], "trace-7");
    let forged = [("x-request-id", "a forged id")];
    let replaced = client.send(Method::GET, "/api/x", &forged, None).await;
    assert_eq!(replaced.header("x-request-id").len(), 32);
}

#[actix_web::test]
async fn each_bad_body_has_its_exact_status() {
    let app = TestApp::start(ROUTES);
    let client = app.anonymous();
    let deep_in_string = format!(r#"{{"text":{}"#, "[".repeat(60_000));
    let cases: [(&str, &str, Vec<u8>, u16); 12] = [
        ("cut off", "application/json", br#"{"text":"a"#.into(), 400),
        ("empty", "application/json", b"".into(), 400),
        ("trailing text", "application/json", br#"{"text":"a"} x"#.into(), 400),
        ("deep nesting", "application/json", deep_in_string.into(), 400),
        ("lone surrogate", "application/json", br#"{"text":"\ud800"}"#.into(), 400),
        ("not UTF-8", "application/json", b"{\"text\":\"\xff\"}".into(), 400),
        ("other media type", "text/plain", br#"{"text":"a"}"#.into(), 415),
        ("form", "application/x-www-form-urlencoded", b"text=a".into(), 415),
        ("too large", "application/json", vec![b' '; 65_537], 413),
        ("unknown field", "application/json", br#"{"text":"a","x":1}"#.into(), 422),
        ("field twice", "application/json", br#"{"text":"a","text":"b"}"#.into(), 422),
        ("wrong type", "application/json", br#"{"text":7}"#.into(), 422),
    ];
    for (name, media_type, body, status) in cases {
        let headers = [("content-type", media_type)];
        let reply = client.send(Method::POST, "/api/echo", &headers, Some(body)).await;
        assert_eq!(reply.status.as_u16(), status, "{name}: {}", reply.text);
        reply.problem(status);
    }
}

#[actix_web::test]
async fn a_chunked_body_over_the_limit_is_cut_off() {
    let app = TestApp::start(ROUTES);
    let mut socket = TcpStream::connect(app.address()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let head = "POST /api/echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\n\r\n";
    socket.write_all(head.as_bytes()).unwrap();
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    for _ in 0..8 {
        if socket.write_all(chunk.as_bytes()).is_err() {
            break;
        }
    }
    assert!(first_line(&mut socket).contains("413"));
}

#[actix_web::test]
async fn a_response_is_compressed_for_a_client_that_asks() {
    let app = TestApp::start(ROUTES);
    let mut socket = TcpStream::connect(app.address()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let request = "GET /api/big HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n\
                   connection: close\r\n\r\n";
    socket.write_all(request.as_bytes()).unwrap();
    let mut reply = Vec::new();
    socket.read_to_end(&mut reply).unwrap();
    assert!(String::from_utf8_lossy(&reply).contains("content-encoding: gzip"));
    assert!(reply.len() < 10_000, "105 kB went out as {} bytes", reply.len());
}

#[actix_web::test]
async fn only_a_configured_origin_may_read_across_origins() {
    let app = TestApp::start_with(ROUTES, &["--cors-origins", "https://app.example"]);
    let client = app.anonymous();
    let known = [("origin", "https://app.example")];
    let reply = client.send(Method::GET, "/api/big", &known, None).await;
    assert_eq!(reply.header("access-control-allow-origin"), "https://app.example");
    let stranger = [("origin", "https://evil.example")];
    let reply = client.send(Method::GET, "/api/big", &stranger, None).await;
    assert_eq!(reply.header("access-control-allow-origin"), "");
}

#[actix_web::test]
async fn the_call_after_the_limit_gets_429_and_is_told_when_to_return() {
    let app = TestApp::start_with(ROUTES, &["--rate-limit", "3"]);
    let client = app.anonymous();
    for left in ["r=2", "r=1", "r=0"] {
        let reply = client.get("/api/big").await;
        assert_eq!(reply.status.as_u16(), 200);
        assert_eq!(reply.header("ratelimit-policy"), "\"address\";q=3;w=60");
        assert!(reply.header("ratelimit").contains(left), "{}", reply.header("ratelimit"));
    }
    let refused = client.get("/api/big").await;
    refused.problem(429);
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 19, "a token every 20 s");
    assert!(refused.header("ratelimit").contains("r=0"));
    assert_eq!(client.get("/health/live").await.status.as_u16(), 200, "health is not limited");
}

#[actix_web::test]
async fn a_request_over_the_limit_in_flight_is_shed_while_health_answers() {
    let app = TestApp::start_with(ROUTES, &["--max-in-flight", "2"]);
    let client = app.anonymous();
    let held = [(); 2].map(|()| {
        let client = client.clone();
        actix_web::rt::spawn(async move { client.get("/api/hold/0").await })
    });
    while app.metrics.in_flight.get() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let shed = client.get("/api/big").await;
    shed.problem(503);
    assert_eq!(shed.header("retry-after"), "1");
    assert_eq!(client.get("/health/live").await.status.as_u16(), 200);
    crate::common::gate(0).add_permits(2);
    for held in held {
        assert_eq!(held.await.unwrap().text, "released", "what was accepted is served");
    }
    assert_eq!(client.get("/api/big").await.status.as_u16(), 200, "and places are free again");
}

#[actix_web::test]
async fn a_panic_is_a_500_without_its_message_and_the_next_request_is_served() {
    let app = TestApp::start(ROUTES);
    let client = app.anonymous();
    for path in ["/api/panics", "/api/panics-in-database"] {
        let reply = client.get(path).await;
        reply.problem(500);
        assert!(!reply.text.contains("hunter2") && !reply.text.contains("on purpose"));
        assert_eq!(client.get("/api/name").await.status.as_u16(), 200, "after {path}");
    }
}

#[actix_web::test]
async fn metrics_count_by_route_and_not_by_path() {
    let app = TestApp::start(ROUTES);
    let client = app.anonymous();
    client.get("/api/big").await;
    client.get("/made-up-by-a-client").await;
    let text = client.get("/metrics").await.text;
    assert!(text.contains(r#"http_requests_total{method="GET",route="/api/big",status="200"} 1"#));
    assert!(text.contains(r#"route="unmatched",status="404"} 1"#), "{text}");
    assert!(!text.contains("made-up"));
}

#[actix_web::test]
async fn the_description_names_every_route_and_its_problems() {
    let app = TestApp::start(ROUTES);
    let client = app.anonymous();
    let description = client.get("/openapi.json").await.json();
    let echo = &description["paths"]["/api/echo"]["post"];
    let body = &echo["responses"]["422"]["content"]["application/problem+json"]["schema"];
    assert_eq!(body["$ref"], "#/components/schemas/ProblemBody");
    assert!(description["components"]["schemas"]["ProblemBody"].is_object());
    let page = client.get("/docs/").await;
    assert!(page.text.contains("swagger-ui"), "the UI comes out of the binary");
}

fn first_line(socket: &mut TcpStream) -> String {
    let mut reply = [0; 64];
    let read = socket.read(&mut reply).unwrap_or_default();
    String::from_utf8_lossy(&reply[..read]).into_owned()
}
