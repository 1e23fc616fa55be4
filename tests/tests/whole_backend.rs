//! The real program, from its command line to its exit code.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use end_to_end::binary;
use foundation::scratch::Scratch;
use local_services::Purpose;

/// A running backend; killed when a test fails.
struct Backend {
    process: Child,
    base: String,
}

impl Drop for Backend {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts `backend serve` on a free port and waits until it names its address.
fn serve(configure: impl FnOnce(&mut Command)) -> Backend {
    let mut command = Command::new(binary::path("backend").unwrap());
    command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped());
    configure(&mut command);
    let mut process = command.spawn().unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let mut seen = String::new();
    let base = loop {
        let mut line = String::new();
        assert!(output.read_line(&mut line).unwrap() > 0, "it ended after: {seen}");
        seen.push_str(&line);
        if let Some(address) =
            line.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:"))
        {
            break address.trim_end_matches('/').to_owned();
        }
    };
    std::thread::spawn(move || output.read_to_end(&mut Vec::new()));
    Backend { process, base }
}

async fn status_of(url: &str) -> u16 {
    let client = awc::Client::builder().timeout(Duration::from_secs(10)).finish();
    client.get(url).send().await.map_or(0, |response| response.status().as_u16())
}

async fn serves_and_stops(mut backend: Backend) {
    for (path, expected) in [
        ("/", 200),
        ("/answers/log-partitions", 200),
        ("/answers/error-handling", 200),
        ("/answers/auth", 404),
        ("/health/ready", 200),
        ("/openapi.json", 200),
        ("/docs/", 200),
        ("/metrics", 200),
        ("/problems/invalid", 200),
        ("/api/v1/logs", 200),
        ("/api/v1/nowhere", 404),
    ] {
        assert_eq!(status_of(&format!("{}{path}", backend.base)).await, expected, "{path}");
    }
    binary::signal(backend.process.id(), "TERM").unwrap();
    assert_eq!(backend.process.wait().unwrap().code(), Some(0));
}

fn postgres_of(home: &Path) -> Option<u32> {
    let pid =
        std::fs::read_to_string(home.join(".local/serve/postgres/data/postmaster.pid")).ok()?;
    pid.lines().next()?.parse().ok()
}

#[actix_web::test]
async fn it_serves_on_a_postgresql_of_its_own_and_takes_it_down_again() {
    let home = tempfile::tempdir().unwrap();
    let backend = serve(|command| {
        command.env_remove("DATABASE_URL").env("SHOW_YOUR_WORK_HOME", home.path());
    });
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
    use secrecy::ExposeSecret;
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let backend = serve(|command| {
        command.env("DATABASE_URL", scratch.url().expose_secret());
    });
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
        use secrecy::ExposeSecret;
        Command::new(binary::path("backend").unwrap())
            .args(["serve", "--listen", &taken.local_addr().unwrap().to_string()])
            .env("DATABASE_URL", scratch.url().expose_secret())
            .output()
            .unwrap()
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("in use") && said.contains("--listen"), "{said}");
}
