//! What browsers are told by a server that mounts the module: one claim a test.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use foundation::module::Module;
use foundation::testing::{Client, Reply, TestApp};
use utoipa_actix_web::service_config::ServiceConfig;
use web_security::MODULE;

/// A page, a picture, a page with a policy of its own, and a route that panics.
static PAGES: Module = Module { routes: pages, start: Module::nothing_to_start, jobs: &[] };

fn pages(config: &mut ServiceConfig<'_>) {
    async fn broken() -> HttpResponse {
        panic!("on purpose")
    }
    let html = || async { HttpResponse::Ok().content_type("text/html").body("<p>Hello") };
    let own = || async {
        let response = ("content-security-policy", "default-src https://maps.example");
        HttpResponse::Ok().insert_header(response).content_type("text/html").body("<p>Map")
    };
    let picture = || async { HttpResponse::Ok().content_type("image/svg+xml").body("<svg/>") };
    let unchanged = || async { HttpResponse::NotModified().finish() };
    config
        .route("/page", web::get().to(html))
        .route("/own", web::get().to(own))
        .route("/picture.svg", web::get().to(picture))
        .route("/unchanged", web::get().to(unchanged))
        .route("/broken", web::get().to(broken));
}

fn app(flags: &[&str]) -> TestApp {
    TestApp::serving(&[&MODULE, &PAGES], flags)
}

async fn ask(client: &Client, method: Method, path: &str, headers: &[(&str, &str)]) -> Reply {
    client.send(method, path, headers, None).await
}

const POLICY: &str = "content-security-policy";

#[actix_web::test]
async fn every_response_has_each_header_once_whatever_it_answers() {
    let app = app(&["--rate-limit", "1"]);
    let client = app.anonymous();
    let requests = [
        (Method::GET, "/health/live", 200),
        (Method::HEAD, "/health/live", 200),
        (Method::GET, "/page", 200),
        (Method::GET, "/docs/", 200),
        (Method::GET, "/openapi.json", 200),
        (Method::GET, "/nowhere", 404),
        (Method::DELETE, "/health/live", 405),
        (Method::GET, "/broken", 500),
        (Method::GET, "/api/v1/first", 404),
        (Method::GET, "/api/v1/over-the-limit", 429),
    ];
    let expected = [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    for (method, path, status) in requests {
        let reply = ask(&client, method, path, &[]).await;
        assert_eq!(reply.status.as_u16(), status, "{path}: {}", reply.text);
        for (name, value) in expected {
            let values: Vec<_> = reply.headers.get_all(name).collect();
            assert_eq!(values, [value], "{name} of {path}");
        }
        assert!(reply.header("permissions-policy").contains("camera=()"), "{path}");
    }
}

#[actix_web::test]
async fn a_server_without_the_module_has_none_of_them() {
    let app = TestApp::serving(&[&PAGES], &[]);
    let reply = app.anonymous().get("/page").await;
    assert_eq!((reply.header(POLICY), reply.header("x-frame-options")), ("", ""));
}

#[actix_web::test]
async fn no_page_may_run_or_style_anything_inline() {
    let app = app(&[]);
    for path in ["/page", "/docs/"] {
        let reply = app.anonymous().get(path).await;
        let policy = reply.header(POLICY);
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
}

#[actix_web::test]
async fn data_may_do_nothing_and_a_picture_may_style_itself() {
    let app = app(&[]);
    let policy = async |path: &str| app.anonymous().get(path).await.header(POLICY).to_owned();
    let nothing = "default-src 'none'; frame-ancestors 'none'";
    assert_eq!(policy("/health/live").await, nothing);
    assert_eq!(policy("/nowhere").await, nothing, "a problem body");
    let picture = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    assert_eq!(policy("/picture.svg").await, picture);
}

#[actix_web::test]
async fn a_policy_of_the_handler_stays_and_stands_alone() {
    let app = app(&[]);
    let reply = app.anonymous().get("/own").await;
    let policies: Vec<_> = reply.headers.get_all(POLICY).collect();
    assert_eq!(policies, ["default-src https://maps.example"]);
}

#[actix_web::test]
async fn an_unchanged_copy_keeps_the_policy_that_it_came_with() {
    let app = app(&[]);
    let reply = app.anonymous().get("/unchanged").await;
    assert_eq!((reply.status.as_u16(), reply.header(POLICY)), (304, ""));
}

#[actix_web::test]
async fn tls_is_made_a_habit_only_where_a_trusted_proxy_says_that_it_is_there() {
    let secure = [("x-forwarded-proto", "https")];
    let behind = app(&["--trusted-proxies", "127.0.0.0/8"]);
    let client = behind.anonymous();
    let reply = ask(&client, Method::GET, "/page", &secure).await;
    let habit = reply.header("strict-transport-security");
    assert_eq!(habit, "max-age=63072000; includeSubDomains");
    let reply = ask(&client, Method::GET, "/page", &[("x-forwarded-proto", "http")]).await;
    assert_eq!(reply.header("strict-transport-security"), "");
    let reply = ask(&app(&[]).anonymous(), Method::GET, "/page", &secure).await;
    assert_eq!(reply.header("strict-transport-security"), "", "anybody can say so");
}

#[actix_web::test]
async fn a_listed_origin_may_read_and_nobody_may_bring_credentials() {
    let app = app(&["--cors-origins", "https://app.example,http://localhost:5173"]);
    let client = app.anonymous();
    for origin in ["https://app.example", "http://localhost:5173"] {
        let reply = ask(&client, Method::GET, "/health/live", &[("origin", origin)]).await;
        assert_eq!(reply.header("access-control-allow-origin"), origin);
        assert!(reply.header("vary").to_lowercase().contains("origin"), "{reply:?}");
        assert_eq!(reply.header("access-control-allow-credentials"), "");
    }
    let strangers = ["https://evil.example", "null", "https://app.example.evil.example"];
    let near = ["http://app.example", "https://app.example:8443", "https://sub.app.example"];
    for origin in strangers.into_iter().chain(near) {
        let reply = ask(&client, Method::GET, "/health/live", &[("origin", origin)]).await;
        assert_eq!(reply.header("access-control-allow-origin"), "", "{origin}");
        let preflight = [("origin", origin), ("access-control-request-method", "DELETE")];
        let reply = ask(&client, Method::OPTIONS, "/health/live", &preflight).await;
        assert_eq!(reply.header("access-control-allow-origin"), "", "{origin}");
        assert_eq!(reply.header("access-control-allow-methods"), "", "{origin}");
    }
}
