//! What the hardened build keeps to itself beside what the fourteen attacks try to take.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::sync::Arc;

use foundation::scratch::Scratch;
use local_services::Purpose;
use serde_json::{Value, json};
use web_security::lab::{Build, Lab};

fn lab() -> Lab {
    Lab::open(Build::Hardened, &Arc::new(Scratch::create(Purpose::Test).unwrap())).unwrap()
}

struct Got {
    status: u16,
    cookie: String,
    body: Value,
}

async fn post(lab: &Lab, path: &str, headers: &[(&str, &str)], body: &Value) -> Got {
    let mut request = awc::Client::default().post(format!("http://{}{path}", lab.address()));
    for header in headers {
        request = request.append_header(*header);
    }
    let mut response = request.send_json(body).await.unwrap();
    let cookie = response.headers().get("set-cookie").map(|value| value.to_str().unwrap());
    let cookie = cookie.and_then(|cookie| cookie.split(';').next()).unwrap_or_default().to_owned();
    let bytes = response.body().await.unwrap();
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    Got { status: response.status().as_u16(), cookie, body }
}

#[actix_web::test]
async fn a_link_that_is_not_called_is_refused_in_the_same_words_wherever_it_leads() {
    let lab = lab();
    let mut answers = Vec::new();
    for url in [
        "http://127.0.0.1/",
        "http://localhost:8080/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/",
        "http://no-such-name.invalid/",
        "gopher://a.example/",
    ] {
        let got = post(&lab, "/lab/previews", &[], &json!({"url": url})).await;
        assert_eq!(got.status, 422, "{url}");
        answers.push((got.body["title"].clone(), got.body["errors"].clone()));
    }
    assert!(answers[0].1.is_array(), "{answers:?}");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

#[actix_web::test]
async fn a_log_in_without_an_account_is_refused_like_one_with_a_wrong_password() {
    let lab = lab();
    let mut answers = Vec::new();
    for name in ["ada", "nobody"] {
        let wrong = json!({"name": name, "password": "wrong horse battery"});
        let got = post(&lab, "/lab/log-in", &[], &wrong).await;
        assert_eq!(got.status, 401, "{name}");
        answers.push((got.body["title"].clone(), got.body["detail"].clone()));
    }
    assert_eq!(answers[0], answers[1]);
}

#[actix_web::test]
async fn a_cookie_that_comes_without_an_origin_moves_no_money() {
    let lab = lab();
    let ada = json!({"name": "ada", "password": "correct horse battery"});
    let log_in = post(&lab, "/lab/log-in", &[], &ada).await;
    let bearer = format!("Bearer {}", log_in.body["access_token"].as_str().unwrap());
    let own = format!("http://{}", lab.address());
    let cookie = ("cookie", log_in.cookie.as_str());
    let order = json!({"to": "mallory", "amount": 1});
    for (headers, status) in [
        (vec![cookie], 403),
        (vec![cookie, ("origin", "https://evil.example")], 403),
        (vec![cookie, ("origin", own.as_str())], 204),
        (vec![("authorization", bearer.as_str())], 204),
    ] {
        let got = post(&lab, "/lab/transfers", &headers, &order).await;
        assert_eq!(got.status, status, "{headers:?}: {}", got.body);
    }
}
