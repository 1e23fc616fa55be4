//! A whole server with the study pages, and an answer whose demo the tests can hold.
#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    unreachable_pub,
    missing_docs
)]

mod sample;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode};
use actix_web::rt::System;
use actix_web::web::Data;
use backend::study::{DemoPolicy, Runs, Study};
use diesel::{Connection, PgConnection};
use evidence::Answer;
use foundation::http::{Parts, ResponseHooks, Server, StopHandle};
use foundation::metrics::Metrics;
use foundation::scratch::number;
use foundation::testing::config;
use local_services::{Purpose, server_url};
use web_security::protect;

pub use sample::{HOLDING, SAMPLE};

/// A server on a free port; stops when dropped.
pub struct Site {
    pub address: SocketAddr,
    pub runs: Runs,
    stop: StopHandle,
    thread: Option<JoinHandle<()>>,
}

impl Site {
    pub fn start(answers: &'static [&'static Answer], policy: DemoPolicy) -> Self {
        Self::with(answers, policy, Runs::default())
    }

    /// A site with runs that may have been kept before.
    pub fn with(answers: &'static [&'static Answer], policy: DemoPolicy, runs: Runs) -> Self {
        let parts = Parts {
            routes: answers.iter().filter_map(|answer| answer.routes).collect(),
            pages: Study::new(answers, policy, runs.clone()).pages(),
            database: None,
            metrics: Metrics::new().unwrap(),
            shares: vec![Arc::new(|config| {
                config.app_data(Data::new(ResponseHooks::new(vec![Arc::new(protect)])));
            })],
        };
        let server = Server::bind(&config(&[])).unwrap();
        let address = server.address().unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            System::new().block_on(async move {
                let running = server.start(parts).unwrap();
                tell.send(running.stop_handle()).unwrap();
                running.until_stopped(|| {}).await.unwrap();
            });
        });
        Self { address, runs, stop: told.recv().unwrap(), thread: Some(thread) }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], "").await
    }

    /// What the page's script sends.
    pub async fn post(&self, path: &str, form: &str) -> Reply {
        let origin = format!("http://{}", self.address);
        let headers = [("origin", origin.as_str()), ("accept", "application/json")];
        self.send(Method::POST, path, &headers, form).await
    }

    /// Asks for a run and gives the numbers to follow.
    pub async fn run(&self, slug: &str, form: &str) -> Vec<u64> {
        let accepted = self.post(&format!("/answers/{slug}/runs"), form).await;
        assert_eq!(accepted.status, 202, "{}", accepted.text);
        let follow = accepted.json()["follow"].as_array().unwrap().clone();
        follow.iter().map(|one| one["run"].as_u64().unwrap()).collect()
    }

    /// Follows a run to its end.
    pub async fn follow(&self, run: u64) -> Reply {
        self.get(&format!("/runs/{run}/events")).await
    }

    /// Asks for the page until it holds a text.
    pub async fn until_page_holds(&self, path: &str, text: &str) -> String {
        for _ in 0..1_200 {
            let page = self.get(path).await.text;
            if page.contains(text) {
                return page;
            }
            actix_web::rt::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{path} never held {text}");
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        form: &str,
    ) -> Reply {
        send(self.address, method, path, headers, form).await
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.runs.close();
        let stop = self.stop.clone();
        let stopper = std::thread::spawn(move || System::new().block_on(stop.stop()));
        let _ = stopper.join();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

/// One request; a stream of events is read to its end.
pub async fn send(
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    form: &str,
) -> Reply {
    let client =
        awc::Client::builder().timeout(Duration::from_secs(60)).disable_redirects().finish();
    let is_form = method == Method::POST;
    let mut request = client.request(method, format!("http://{address}{path}"));
    if is_form {
        request = request.content_type("application/x-www-form-urlencoded");
    }
    for header in headers {
        request = request.insert_header(*header);
    }
    let mut response = request.send_body(form.to_owned()).await.unwrap();
    let body = response.body().limit(8 << 20).await.unwrap();
    let text = String::from_utf8_lossy(&body).into_owned();
    Reply { status: response.status(), headers: response.headers().clone(), text }
}

/// Elements that have no end tag.
const VOID: [&str; 6] = ["br", "hr", "img", "input", "link", "meta"];

/// Panics where an element is not closed, or closed in the wrong order.
pub fn assert_balanced(html: &str, page: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let end = rest[start..].find('>').map_or(rest.len(), |length| start + length);
        let tag = &rest[start + 1..end];
        rest = &rest[end..];
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap_or_default();
        if tag.starts_with('!') || VOID.contains(&name) {
            continue;
        }
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{page}: </{name}> closes something else");
        } else {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{page}: {open:?} are not closed");
}

/// Waits until a process has as many scratch databases as wanted; their names hold its id.
pub async fn until_scratch_databases(process: u32, wanted: impl Fn(u64) -> bool) {
    let mut connection = PgConnection::establish(&server_url(Purpose::Test).unwrap()).unwrap();
    let prefix = format!("show_your_work_scratch_{process}_");
    let count = format!("SELECT count(*) FROM pg_database WHERE starts_with(datname, '{prefix}')");
    for _ in 0..1_200 {
        if wanted(number(&mut connection, &count).unwrap()) {
            return;
        }
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it did not come to that within a minute");
}
