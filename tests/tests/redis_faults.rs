//! What becomes of the backend when its Redis is killed, hangs, forgets or is slow.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use awc::http::Method;
use end_to_end::backend::Backend;
use end_to_end::person::{Device, PASSWORD, log_in, refresh, register, send};
use foundation::scratch::Scratch;
use foundation::testing::TestRedis;
use local_services::{Purpose, Signal};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// Stands between the replicas and Redis and passes everything on, late if told to.
struct Slowdown {
    port: u16,
    delay: Arc<AtomicU64>,
}

impl Slowdown {
    fn before(socket: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let delay = Arc::new(AtomicU64::new(0));
        let late = Arc::clone(&delay);
        thread::spawn(move || {
            for client in listener.incoming().filter_map(Result::ok) {
                let Ok(server) = UnixStream::connect(&socket) else { continue };
                let (there, back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let late = Arc::clone(&late);
                thread::spawn(move || pass_on(client, there, &late));
                thread::spawn(move || pass_on(server, back, &AtomicU64::new(0)));
            }
        });
        Self { port, delay }
    }

    fn by(&self, delay: Duration) {
        self.delay.store(u64::try_from(delay.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

/// Ends when either side does, and takes the other along.
fn pass_on(mut from: impl Read, mut to: impl Write, delay: &AtomicU64) {
    let mut bytes = [0; 16 << 10];
    let mut step = || -> io::Result<bool> {
        let length = from.read(&mut bytes)?;
        thread::sleep(Duration::from_millis(delay.load(Ordering::SeqCst)));
        to.write_all(&bytes[..length])?;
        Ok(length > 0)
    };
    while step().unwrap_or(false) {}
}

/// Two replicas on one database and one Redis, and somebody who is logged in.
struct World {
    first: Backend,
    second: Backend,
    device: Device,
    redis: TestRedis,
    slowdown: Slowdown,
    _scratch: Scratch,
}

impl World {
    async fn start() -> Self {
        let (scratch, redis) = (Scratch::create(Purpose::Test).unwrap(), TestRedis::start_alone());
        let url = redis.url().expose_secret().to_owned();
        let socket = url.strip_prefix("redis+unix://").unwrap();
        let slowdown = Slowdown::before(socket.to_owned());
        let replica = || {
            Backend::start(|command| {
                command.envs(scratch.environment());
                command.env("REDIS_URL", format!("redis://127.0.0.1:{}/0", slowdown.port));
                command.args(["--bcrypt-cost", "4", "--user-rate-limit", "0"]);
            })
            .unwrap()
        };
        let (first, second) = (replica(), replica());
        assert_eq!(register(first.base(), "ada@example.org").await.status, 201);
        let device = Device::of(&log_in(first.base(), "ada@example.org", PASSWORD).await).unwrap();
        Self { first, second, device, redis, slowdown, _scratch: scratch }
    }

    async fn write(&self, title: &str) {
        let (todo, token) = (json!({"title": title}), Some(self.device.access_token.as_str()));
        let made = send(self.first.base(), Method::POST, "/api/v1/todos", token, Some(&todo)).await;
        assert_eq!(made.status, 201, "{title}: {made:?}");
    }

    async fn titles(&self, backend: &Backend) -> Vec<String> {
        let token = Some(self.device.access_token.as_str());
        let list = send(backend.base(), Method::GET, "/api/v1/todos", token, None).await;
        assert_eq!(list.status, 200, "{list:?}");
        let title = |todo: &Value| todo["title"].as_str().unwrap().to_owned();
        list.body.as_array().unwrap().iter().map(title).collect()
    }

    /// Writes and reads through a fault: every answer is there, and who writes sees it.
    async fn goes_on(&self, fault: &str) {
        for serial in 0..5 {
            let title = format!("{fault} {serial}");
            self.write(&title).await;
            assert_eq!(self.titles(&self.first).await.last(), Some(&title), "own writes are read");
            self.titles(&self.second).await;
        }
    }

    /// Waits until the second replica hears again what the first one writes; then no list is stale.
    async fn recovers(&self, fault: &str) {
        for _ in 0..100 {
            self.titles(&self.second).await;
            self.write(&format!("after {fault}")).await;
            let (first, second) = (self.titles(&self.first).await, self.titles(&self.second).await);
            if first == second && self.log_in().await == 201 {
                return self.agrees_at_once(fault).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("after {fault}, the replicas do not agree again");
    }

    async fn agrees_at_once(&self, fault: &str) {
        for serial in 0..5 {
            self.titles(&self.second).await;
            let title = format!("long after {fault} {serial}");
            self.write(&title).await;
            assert_eq!(self.titles(&self.second).await.last(), Some(&title), "nothing is stale");
        }
    }

    async fn log_in(&self) -> u16 {
        log_in(self.second.base(), "ada@example.org", PASSWORD).await.status
    }
}

#[actix_web::test]
async fn a_redis_that_is_killed_costs_log_ins_and_nothing_else() {
    let mut world = World::start().await;
    world.redis.signal(Signal::Kill);
    world.goes_on("killed").await;
    assert_eq!(world.log_in().await, 503, "guesses could not be counted");
    let refreshed = refresh(world.first.base(), &world.device.refresh_token).await;
    assert_eq!(refreshed.status, 200, "who is in stays in");
    world.device = Device::of(&refreshed).unwrap();
    world.redis.restart();
    world.recovers("a kill").await;
}

#[actix_web::test]
async fn a_redis_that_hangs_costs_log_ins_and_nothing_else() {
    let world = World::start().await;
    world.redis.signal(Signal::Stop);
    world.goes_on("hung").await;
    assert_eq!(world.log_in().await, 503, "guesses could not be counted");
    world.redis.signal(Signal::Continue);
    world.recovers("a hang").await;
}

#[actix_web::test]
async fn a_redis_that_forgets_everything_leaves_no_list_stale() {
    let world = World::start().await;
    world.goes_on("before").await;
    world.redis.flush();
    world.goes_on("flushed").await;
    world.recovers("a flush").await;
}

#[actix_web::test]
async fn a_redis_that_is_slow_is_done_without() {
    let world = World::start().await;
    world.slowdown.by(Duration::from_millis(300));
    world.goes_on("slow").await;
    world.slowdown.by(Duration::ZERO);
    world.recovers("a slow time").await;
}
