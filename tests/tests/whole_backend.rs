//! The real program, from its command line to its exit code.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use end_to_end::backend::Backend;
use end_to_end::binary;
use foundation::scratch::Scratch;
use local_services::Purpose;

async fn status_of(url: &str) -> u16 {
    let client = awc::Client::builder().timeout(Duration::from_secs(10)).finish();
    client.get(url).send().await.map_or(0, |response| response.status().as_u16())
}

async fn serves_and_stops(mut backend: Backend) {
    for (path, expected) in [
        ("/", 200),
        ("/answers/log-partitions", 200),
        ("/answers/error-handling", 200),
        ("/answers/auth", 200),
        ("/answers/web-security", 200),
        ("/answers/no-such-answer", 404),
        ("/lab/notes", 404),
        ("/health/ready", 200),
        ("/openapi.json", 200),
        ("/docs/", 200),
        ("/metrics", 200),
        ("/problems/invalid", 200),
        ("/api/v1/logs", 200),
        ("/api/v1/nowhere", 404),
    ] {
        assert_eq!(status_of(&format!("{}{path}", backend.base())).await, expected, "{path}");
    }
    backend.signal("TERM").unwrap();
    assert_eq!(backend.wait().unwrap().code(), Some(0));
}

#[test]
fn nothing_of_the_vulnerable_build_is_served() {
    let served = foundation::http::describe(&backend::answers::routes()).paths.paths;
    assert!(served.contains_key("/api/v1/todos"), "the description was read");
    assert!(!web_security::lab::PATHS.is_empty());
    for path in web_security::lab::PATHS {
        assert!(!served.contains_key(path), "{path}");
    }
}

fn postgres_of(home: &Path) -> Option<u32> {
    let pid =
        std::fs::read_to_string(home.join(".local/serve/postgres/data/postmaster.pid")).ok()?;
    pid.lines().next()?.parse().ok()
}

#[actix_web::test]
async fn it_serves_on_a_postgresql_of_its_own_and_takes_it_down_again() {
    let home = tempfile::tempdir().unwrap();
    let backend = Backend::start(|command| {
        command.env_remove("DATABASE_URL").env("SHOW_YOUR_WORK_HOME", home.path());
    })
    .unwrap();
    assert!(postgres_of(home.path()).is_some(), "it runs while the backend serves");
    serves_and_stops(backend).await;
    for _ in 0..100 {
        if postgres_of(home.path()).is_none() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("PostgreSQL is still running");
}

#[actix_web::test]
async fn it_serves_on_the_postgresql_that_database_url_names() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let backend = Backend::start(|command| {
        command.envs(scratch.environment());
    })
    .unwrap();
    serves_and_stops(backend).await;
}

#[test]
fn a_database_that_is_not_there_is_said_plainly_and_its_password_is_not() {
    let output = Command::new(binary::path("backend").unwrap())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("DATABASE_URL", "postgres://app:s3cr3t@127.0.0.1:1/none")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("DATABASE_URL"), "{said}");
    assert!(!said.contains("s3cr3t"), "{said}");
}

#[test]
fn a_port_in_use_is_said_with_the_next_step() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let output = {
        Command::new(binary::path("backend").unwrap())
            .args(["serve", "--listen", &taken.local_addr().unwrap().to_string()])
            .envs(scratch.environment())
            .output()
            .unwrap()
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("in use") && said.contains("--listen"), "{said}");
}
