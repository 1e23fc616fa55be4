//! A password, a token and a card number, sent through every route in every way a client might,
//! come to light nowhere.
//!
//! What counts as sending a secret: as password, token or credential, in headers, query and path,
//! and wherever the API does not expect it (another shape, an unknown member, a body that is no
//! JSON). A card number typed into a title or a message is text that the API is asked to keep, so
//! [`TYPED`] may stand in the database and in caches of it, but in no log line and no metric.
//! Left out, as a client sends them to be shown: `X-Request-Id`, which is the log's own; the key of
//! a repeatable request; and the name that a client gives itself.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::fs::{self, File};
use std::io::{Write, stderr};
use std::time::Duration;

use awc::http::Method;
use diesel::RunQueryDsl;
use end_to_end::attempts::{Attempt, TYPED, attempts};
use end_to_end::backend::Backend;
use end_to_end::person::{Device, PASSWORD, log_in, refresh, register, send};
use end_to_end::places::{dump, lines_with, redis_contents};
use end_to_end::requests::Description;
use foundation::scratch::Scratch;
use foundation::testing::TestRedis;
use local_services::Purpose;
use secrecy::ExposeSecret;
use serde_json::json;
use tempfile::NamedTempFile;

// Letters and digits only: whatever encodes them for a URL, a header or JSON leaves them legible.
const CANARY_PASSWORD: &str = "CanaryPw5R2q9Xv1HorseBattery";
const CANARY_TOKEN: &str = "CanaryTk8d1Lm0Zs4Wy6Bn3Cv7Qe2";
const CANARY_CARD: &str = "4929421234567894";
/// Of the person on call; used where it opens something, and looked for like the others.
const OPERATIONS_TOKEN: &str = "CanaryOp4Gt7Hy2Uj9Ik5Ol1Qa8Ws3Ed6";

/// A backend that tells everything it can tell, with a database and a Redis of its own.
struct World {
    backend: Backend,
    log: NamedTempFile,
    redis: TestRedis,
    scratch: Scratch,
}

impl World {
    fn start() -> Self {
        let scratch = Scratch::create(Purpose::Test).unwrap();
        let (redis, log) = (TestRedis::start(), NamedTempFile::new().unwrap());
        let flags = ["--bcrypt-cost", "4", "--log", "trace", "--log-format", "json"];
        let no_limits = ["rate", "registration", "login", "login-address", "user-rate"];
        let backend = Backend::start(|command| {
            command.envs(scratch.environment());
            command.env("REDIS_URL", redis.url().expose_secret());
            command.env("OPERATIONS_TOKEN", OPERATIONS_TOKEN);
            command.args(flags).stderr(File::create(log.path()).unwrap());
            for limit in no_limits {
                command.args([format!("--{limit}-limit"), "0".to_owned()]);
            }
        })
        .unwrap();
        Self { backend, log, redis, scratch }
    }

    fn base(&self) -> &str {
        self.backend.base()
    }

    async fn description(&self) -> Description {
        Description(send(self.base(), Method::GET, "/openapi.json", None, None).await.body)
    }

    async fn token(&self, email: &str) -> String {
        Device::of(&log_in(self.base(), email, PASSWORD).await).unwrap().access_token
    }

    /// Every place as text.
    async fn places(&self) -> [(&'static str, String); 4] {
        let client = awc::Client::default();
        let mut metrics = client.get(format!("{}/metrics", self.base())).send().await.unwrap();
        let metrics = metrics.body().limit(16 << 20).await.unwrap();
        [
            ("log", fs::read_to_string(self.log.path()).unwrap()),
            ("metrics", String::from_utf8(metrics.to_vec()).unwrap()),
            (
                "Redis",
                self.redis.node_urls().iter().map(|url| redis_contents(url).unwrap()).collect(),
            ),
            ("database", dump(self.scratch.url().expose_secret()).unwrap()),
        ]
    }
}

/// A Redis, or a Redis Cluster whose client sends each key to the node that keeps it.
enum Keeper {
    Alone(redis::Connection),
    Cluster(Box<redis::cluster::ClusterConnection>),
}

impl Keeper {
    fn of(redis: &TestRedis) -> Self {
        match redis.node_urls().as_slice() {
            [alone] => {
                Self::Alone(redis::Client::open(alone.as_str()).unwrap().get_connection().unwrap())
            }
            nodes => {
                let client = redis::cluster::ClusterClient::new(nodes.to_vec()).unwrap();
                Self::Cluster(Box::new(client.get_connection().unwrap()))
            }
        }
    }

    fn plant(&mut self, command: &redis::Cmd) {
        match self {
            Self::Alone(connection) => command.exec(connection).unwrap(),
            Self::Cluster(connection) => command.exec(connection.as_mut()).unwrap(),
        }
    }
}

/// Uses the canaries for what they are: somebody's passwords. Returns the tokens that were issued.
async fn use_them_well(base: &str) -> Vec<String> {
    let email = "holder@example.org";
    let account = json!({"email": email, "name": "Holder", "password": CANARY_PASSWORD});
    let made = send(base, Method::POST, "/api/v1/users", None, Some(&account)).await;
    assert_eq!(made.status, 201);
    let first = Device::of(&log_in(base, email, CANARY_PASSWORD).await).unwrap();
    let second = Device::of(&refresh(base, &first.refresh_token).await).unwrap();
    let change = json!({"current_password": CANARY_PASSWORD, "new_password": CANARY_TOKEN});
    let token = Some(second.access_token.as_str());
    let path = "/api/v1/users/me/password";
    assert_eq!(send(base, Method::PUT, path, token, Some(&change)).await.status, 204);
    assert_eq!(log_in(base, email, CANARY_TOKEN).await.status, 201);
    let signature = |device: &Device| device.access_token.rsplit('.').next().unwrap().to_owned();
    let mut issued = vec![signature(&first), signature(&second)];
    issued.extend([first.refresh_token, second.refresh_token]);
    issued
}

/// What must not be found: each needle, and the places it must not be in.
fn found(places: &[(&str, String)], needle: &str) -> Vec<String> {
    let lines = places.iter().flat_map(|(place, text)| {
        lines_with(text, needle).into_iter().map(move |line| format!("{needle} in {place}: {line}"))
    });
    lines.take(5).collect()
}

#[actix_web::test]
async fn canaries_sent_through_every_route_come_to_light_nowhere() {
    let world = World::start();
    let description = world.description().await;
    let operations = description.operations();
    assert!(operations.len() >= 30, "{} operations are described", operations.len());
    assert_eq!(register(world.base(), "sender@example.org").await.status, 201);
    let client = awc::Client::builder().timeout(Duration::from_secs(20)).finish();
    let mut sent = 0_u32;
    for operation in &operations {
        for canary in [CANARY_PASSWORD, CANARY_TOKEN, CANARY_CARD] {
            // Anew each time, as some operations end every session.
            let token = match operation.path.starts_with("/operations/") {
                true => OPERATIONS_TOKEN.to_owned(),
                false => world.token("sender@example.org").await,
            };
            for attempt in attempts(&description, operation, canary) {
                for token in [None, Some(token.as_str())] {
                    let status =
                        attempt.send(&client, world.base(), &operation.method, token).await;
                    assert!((200..500).contains(&status) || status == 503, "{status}: {attempt:?}");
                    sent += 1;
                }
            }
        }
    }
    let issued = use_them_well(world.base()).await;
    // Past the test harness, which would keep it to itself.
    let _ = writeln!(stderr(), "{sent} requests to {} operations", operations.len());

    let places = world.places().await;
    let refused = lines_with(&places[0].1, "request refused").len();
    assert!(refused > sent as usize / 2, "{refused} of {sent} refusals are in the log");
    for secret in [CANARY_PASSWORD, CANARY_TOKEN, CANARY_CARD, OPERATIONS_TOKEN] {
        assert_eq!(found(&places, secret), Vec::<String>::new());
    }
    for secret in &issued {
        assert_eq!(found(&places, secret), Vec::<String>::new());
    }
    assert_eq!(found(&places[..2], TYPED), Vec::<String>::new());
    assert!(!found(&places[3..], TYPED).is_empty(), "the API kept what it was asked to keep");
}

#[actix_web::test]
async fn a_canary_that_was_planted_is_found_in_each_place() {
    let world = World::start();
    let planted = "PlantedCanary0123456789abcdef0123";
    // The one way there is: a request id is taken over, so that a call can be followed.
    let request = Attempt { path: "/api/v1/nowhere".to_owned(), ..Attempt::default() };
    request
        .with_header("x-request-id", planted)
        .send(&awc::Client::default(), world.base(), "GET", None)
        .await;
    let mut redis = Keeper::of(&world.redis);
    for (command, key, member) in [
        ("SET", format!("key:{planted}"), "1"),
        ("SET", "value".to_owned(), planted),
        ("RPUSH", "list".to_owned(), planted),
        ("SADD", "set".to_owned(), planted),
    ] {
        redis.plant(redis::cmd(command).arg(key).arg(member));
    }
    for (kind, arguments) in [("HSET", ["field", planted]), ("ZADD", ["1", planted])] {
        redis.plant(redis::cmd(kind).arg(kind).arg(&arguments[..]));
    }
    for row in [
        format!(
            "INSERT INTO log_entries (logged_at, level, service, message) \
                 VALUES ('2000-01-01', 1, 'planted', 'a {} b')",
            planted.to_lowercase()
        ),
        format!("INSERT INTO server_secrets (name, value) VALUES ('planted', '{planted}')"),
    ] {
        diesel::sql_query(row).execute(&mut world.scratch.connect().unwrap()).unwrap();
    }
    let mut places = world.places().await;
    places[1].1.push_str(&format!("http_requests_total{{route=\"{planted}\"}} 1\n"));
    let lines = places.map(|(place, text)| (place, lines_with(&text, planted).len()));
    let [(_, log), (_, metrics), (_, redis), (_, database)] = lines;
    assert!(log >= 1, "{lines:?}");
    assert_eq!((metrics, redis, database), (1, 6, 2), "as text, and as bytes in hexadecimal");
}
