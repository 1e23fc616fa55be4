//! What a client sees when something goes wrong, one sentence a test.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::time::Duration;

use actix_web::body::to_bytes;
use actix_web::http::{StatusCode, header};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, HttpResponse, dev::Service, web};
use error_handling::{
    Cause, InvalidField, Json, MEDIA_TYPE, Path, Problem, ProblemType, Query, RequestDeadline,
    boundary, fallback, parse_json, validated,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use validator::Validate;

#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Order {
    #[validate(length(min = 1, max = 3, message = "1 to 3 lines."), nested)]
    lines: Vec<Line>,
    kind: Kind,
}

#[derive(Debug, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
struct Line {
    #[validate(range(min = 1, max = 99, message = "1 to 99."))]
    count: u16,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Express,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    limit: Option<u16>,
}

async fn order(order: Json<Order>) -> Result<HttpResponse, Problem> {
    let order = validated(order.0)?;
    let items: u16 = order.lines.iter().map(|line| line.count).sum();
    Ok(HttpResponse::Created().json(json!({ "items": items, "kind": format!("{:?}", order.kind) })))
}

async fn list(filter: Query<Filter>) -> HttpResponse {
    HttpResponse::Ok().json(filter.0.limit)
}

async fn show(id: Path<u32>) -> HttpResponse {
    HttpResponse::Ok().json(id.0)
}

async fn library_error() -> HttpResponse {
    HttpResponse::ImATeapot().insert_header((header::ALLOW, "GET")).body("internal detail 4711")
}

async fn defect() -> Result<HttpResponse, Problem> {
    Err(Problem::internal(Cause::new("a reason for the log")))
}

async fn hangs() -> HttpResponse {
    std::future::pending().await
}

struct Reply {
    status: StatusCode,
    headers: header::HeaderMap,
    body: Value,
}

impl Reply {
    fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Sends one request through the boundary.
async fn send(request: TestRequest) -> Reply {
    let app = App::new()
        .app_data(web::Data::new(RequestDeadline(Duration::from_millis(100))))
        .route("/orders", web::post().to(order))
        .route("/orders", web::get().to(list))
        .route("/orders/{id}", web::get().to(show))
        .route("/library-error", web::get().to(library_error))
        .route("/defect", web::get().to(defect))
        .route("/hangs", web::get().to(hangs))
        .default_service(web::to(fallback))
        .wrap(from_fn(boundary));
    let app = init_service(app).await;
    let response = match app.call(request.to_request()).await {
        Ok(response) => response.into_parts().1,
        Err(error) => error.error_response(),
    };
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = to_bytes(response.into_body()).await.unwrap_or_default();
    Reply { status, headers, body: serde_json::from_slice(&bytes).unwrap_or_default() }
}

fn post(body: &str) -> TestRequest {
    TestRequest::post()
        .uri("/orders")
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .set_payload(body.to_owned())
}

fn assert_problem(reply: &Reply, status: u16, kind: ProblemType) {
    assert_eq!(reply.status, status, "{}", reply.body);
    assert_eq!(reply.header(header::CONTENT_TYPE), MEDIA_TYPE);
    assert_eq!(reply.body["type"], kind.uri());
    assert_eq!(reply.body["title"], kind.title());
    assert_eq!(reply.body["status"], status);
    assert_eq!(reply.body["request_id"], reply.header("x-request-id"));
}

#[actix_web::test]
async fn a_good_order_is_created() {
    let reply = send(post(r#"{"lines":[{"count":2},{"count":3}],"kind":"express"}"#)).await;
    assert_eq!((reply.status.as_u16(), reply.body), (201, json!({"items": 5, "kind": "Express"})));
}

#[actix_web::test]
async fn a_body_that_is_no_json_is_400_and_says_where_reading_stopped() {
    let reply = send(post("{\"lines\":\n [1,}")).await;
    assert_problem(&reply, 400, ProblemType::Malformed);
    let detail = "The body is not valid JSON: reading stopped in line 2, column 5.";
    assert_eq!(reply.body["detail"], detail);
    assert_eq!(reply.body["instance"], "/orders");
}

#[actix_web::test]
async fn a_body_of_another_shape_is_422_and_points_at_the_member() {
    let cases = [
        (r#"{"lines":[],"kind":"express","x":1}"#, "#/x", "unknown_field"),
        (r#"{"lines":[{"count":1}]}"#, "#/kind", "required"),
        (r#"{"lines":[{"count":1},{}],"kind":"express"}"#, "#/lines/1/count", "required"),
        (r#"{"lines":[{"count":"1"}],"kind":"express"}"#, "#/lines/0/count", "wrong_type"),
        (r#"{"lines":[{"count":-1}],"kind":"express"}"#, "#/lines/0/count", "not_acceptable"),
        (r#"{"lines":[],"lines":[],"kind":"express"}"#, "#/lines", "duplicate_field"),
        (r#"{"lines":[],"kind":"slow"}"#, "#/kind", "not_allowed"),
        (r#"{"lines":[],"kind":"express","a/b~c":1}"#, "#/a~1b~0c", "unknown_field"),
        ("7", "#", "wrong_type"),
        ("[]", "#", "wrong_type"),
        (r#"[[{"count":1}],"express"]"#, "#", "wrong_type"),
        (r#"{"lines":[{"count":1},[1]],"kind":"express"}"#, "#/lines/1", "wrong_type"),
    ];
    for (body, pointer, code) in cases {
        let reply = send(post(body)).await;
        assert_problem(&reply, 422, ProblemType::Invalid);
        let error = &reply.body["errors"][0];
        assert_eq!(
            (error["pointer"].as_str(), error["code"].as_str()),
            (Some(pointer), Some(code)),
            "{body}"
        );
        for parser_word in ["expected", "column", "`"] {
            assert!(!reply.body.to_string().contains(parser_word), "{}", reply.body);
        }
    }
}

#[actix_web::test]
async fn values_that_are_not_allowed_are_422_with_every_pointer_at_once() {
    let reply =
        send(post(r#"{"lines":[{"count":0},{"count":1},{"count":100}],"kind":"express"}"#)).await;
    assert_problem(&reply, 422, ProblemType::Invalid);
    let pointers: Vec<_> =
        reply.body["errors"].as_array().unwrap().iter().map(|e| &e["pointer"]).collect();
    assert_eq!(pointers, ["#/lines/0/count", "#/lines/2/count"]);
}

#[actix_web::test]
async fn nesting_is_refused_at_a_fixed_depth_and_a_cut_off_body_is_never_422() {
    let deep = "[".repeat(30_000) + &"]".repeat(30_000);
    let cases =
        [deep.clone(), format!(r#"{{"kind":{deep}}}"#), r#"{"kind":7,"lines":["#.to_owned()];
    for body in cases {
        assert_problem(&send(post(&body)).await, 400, ProblemType::Malformed);
    }
}

#[actix_web::test]
async fn a_path_or_query_that_cannot_be_read_is_400() {
    let path = send(TestRequest::get().uri("/orders/abc")).await;
    assert_problem(&path, 400, ProblemType::Malformed);
    let cases = [
        ("limit=abc", "limit", "not_readable"),
        ("limit=70000", "limit", "not_readable"),
        ("limit=1&limit=2", "limit", "duplicate_field"),
        ("offset=1", "offset", "unknown_field"),
    ];
    for (query, parameter, code) in cases {
        let reply = send(TestRequest::get().uri(&format!("/orders?{query}"))).await;
        assert_problem(&reply, 400, ProblemType::Malformed);
        let error = &reply.body["errors"][0];
        assert_eq!(
            (error["parameter"].as_str(), error["code"].as_str()),
            (Some(parameter), Some(code)),
            "{query}"
        );
    }
}

#[actix_web::test]
async fn the_body_that_a_library_wrote_is_replaced_and_its_headers_kept() {
    let reply = send(TestRequest::get().uri("/library-error")).await;
    assert_eq!((reply.status.as_u16(), reply.body["type"].as_str()), (418, Some("about:blank")));
    assert_eq!(reply.header(header::ALLOW), "GET");
    assert!(!reply.body.to_string().contains("4711"));
}

#[actix_web::test]
async fn a_defect_is_500_and_its_reason_stays_with_us() {
    let reply = send(TestRequest::get().uri("/defect")).await;
    assert_problem(&reply, 500, ProblemType::Internal);
    assert!(!reply.body.to_string().contains("a reason for the log"));
}

#[actix_web::test]
async fn a_handler_that_hangs_is_503_at_the_deadline() {
    let reply = send(TestRequest::get().uri("/hangs")).await;
    assert_problem(&reply, 503, ProblemType::Unavailable);
    assert_eq!(reply.header(header::RETRY_AFTER), "1");
}

#[test]
fn every_problem_type_has_a_name_of_its_own_and_every_status_one_general_type() {
    let mut special = Vec::new();
    for (index, kind) in ProblemType::ALL.into_iter().enumerate() {
        for other in &ProblemType::ALL[index + 1..] {
            assert_ne!(kind.name(), other.name());
        }
        if ProblemType::for_status(kind.status()) != Some(kind) {
            special.push(kind);
        }
    }
    assert_eq!(special, [ProblemType::OutOfStock]);
    assert_eq!(ProblemType::for_status(StatusCode::CONFLICT), Some(ProblemType::Conflict));
}

#[test]
fn retry_after_is_rounded_up_and_never_zero() {
    use actix_web::ResponseError;
    for (wait, header) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2")] {
        let problem = Problem::unavailable("Busy.", Duration::from_millis(wait));
        assert_eq!(
            problem.error_response().headers().get(header::RETRY_AFTER).unwrap(),
            header,
            "{wait} ms"
        );
    }
}

#[test]
fn a_client_cannot_make_the_answer_longer_than_its_question_deserves() {
    let body = format!(r#"{{"{}":1}}"#, "k".repeat(10_000));
    let problem = parse_json::<Order>(body.as_bytes()).unwrap_err();
    let InvalidField { pointer, .. } = problem.body().errors[0].clone();
    assert!(pointer.unwrap().len() < 100);
}
