//! Redis that answers, hangs, dies and comes back.

use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use foundation::metrics::Metrics;
use foundation::redis::{Notice, Redis, RedisGone, Script, Subscription, cmd, pipe};
use foundation::testing::{TestRedis, shared_redis};
use local_services::{Purpose, Signal};
use secrecy::SecretString;

/// Longer than any wait that has a bound, shorter than one that has none.
const NEVER: Duration = Duration::from_secs(20);

async fn opened(url: &SecretString, wait: Duration) -> (Redis, Metrics) {
    let metrics = Metrics::new().unwrap();
    let redis = Redis::open(url, "test:", wait, &metrics).unwrap();
    tokio::time::timeout(NEVER, redis.settled()).await.expect("the first attempt ends");
    (redis, metrics)
}

async fn patient(server: &TestRedis) -> (Redis, Metrics) {
    opened(&server.url(), Duration::from_secs(5)).await
}

/// One question; a panic when it has no bound.
async fn ask(redis: &Redis) -> Result<String, RedisGone> {
    let ping = cmd("PING");
    tokio::time::timeout(NEVER, redis.query(&ping)).await.expect("the wait has a bound")
}

async fn until_answered(redis: &Redis) {
    let deadline = Instant::now() + NEVER;
    while ask(redis).await.is_err() {
        assert!(Instant::now() < deadline, "it did not recover");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until_gone(redis: &Redis) {
    let deadline = Instant::now() + NEVER;
    while ask(redis).await.is_ok() {
        assert!(Instant::now() < deadline, "nobody noticed");
    }
}

async fn next(subscription: &mut Subscription) -> Notice {
    tokio::time::timeout(NEVER, subscription.next()).await.expect("a notice comes")
}

fn counted(metrics: &Metrics, name: &str) -> u64 {
    let text = String::from_utf8(metrics.render().unwrap()).unwrap();
    let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[actix_web::test]
async fn commands_pipelines_and_scripts_are_answered() {
    let (url, prefix) = shared_redis().expect("Redis is installed");
    let metrics = Metrics::new().unwrap();
    let redis = Redis::open(&url, &prefix, Duration::from_secs(5), &metrics).unwrap();
    redis.settled().await;
    assert!(redis.is_up());
    let key = redis.key("greeting");
    let both: (String, String) = redis
        .pipeline(pipe().cmd("SET").arg(&key).arg("hello").arg("EX").arg(60).cmd("GET").arg(&key))
        .await
        .unwrap();
    assert_eq!(both, ("OK".to_owned(), "hello".to_owned()));
    let script = Script::new("return redis.call('GET', KEYS[1]) .. ARGV[1]");
    let told: String = redis.invoke(&script, &[key], &[" world".to_owned()]).await.unwrap();
    assert_eq!(told, "hello world");
    assert_eq!(counted(&metrics, "redis_up"), 1);
    assert_eq!(counted(&metrics, "redis_failures_total"), 0);
}

#[actix_web::test]
async fn a_port_with_a_password_serves_as_well_as_a_socket() {
    let outer = tempfile::tempdir().unwrap();
    // Too long for a socket, so that the server listens on a port.
    let folder = outer.path().join("long".repeat(25));
    std::fs::create_dir(&folder).unwrap();
    let server = local_services::Redis::acquire(&folder, Purpose::Test).unwrap();
    assert!(server.url().starts_with("redis://:"));
    let (redis, _metrics) = opened(&SecretString::from(server.url()), Duration::from_secs(5)).await;
    assert_eq!(ask(&redis).await.unwrap(), "PONG");
}

#[actix_web::test]
async fn a_url_that_cannot_be_read_is_refused_without_being_shown() {
    for url in ["hunter2", "http://:hunter2@localhost", "rediss://:hunter2@localhost", ""] {
        let metrics = Metrics::new().unwrap();
        let refused = Redis::open(&SecretString::from(url), "", Duration::ZERO, &metrics);
        let error = refused.err().unwrap().to_string();
        assert!(error.contains("REDIS_URL") && !error.contains("hunter2"), "{url}: {error}");
    }
}

#[actix_web::test]
async fn a_refusal_is_no_answer_but_leaves_redis_up() {
    let server = TestRedis::start();
    let (redis, metrics) = patient(&server).await;
    let key = redis.key("text");
    assert_eq!(redis.query(cmd("SET").arg(&key).arg("x")).await, Ok("OK".to_owned()));
    for _ in 0..10 {
        let told: Result<u32, RedisGone> = redis.query(cmd("LPUSH").arg(&key).arg("x")).await;
        assert_eq!(told, Err(RedisGone), "a text is not a list");
    }
    assert_eq!(ask(&redis).await.unwrap(), "PONG");
    assert_eq!(counted(&metrics, "redis_failures_total"), 10);
}

#[actix_web::test]
async fn a_dead_redis_fails_at_once_and_is_back_by_itself() {
    let mut server = TestRedis::start();
    let (redis, metrics) = patient(&server).await;
    let script = Script::new("return 7");
    assert_eq!(redis.invoke(&script, &[], &[]).await, Ok(7));
    server.signal(Signal::Kill);
    until_gone(&redis).await;
    let before = counted(&metrics, "redis_failures_total");
    for _ in 0..200 {
        assert_eq!(ask(&redis).await, Err(RedisGone));
    }
    let asked = counted(&metrics, "redis_failures_total") - before;
    assert_eq!(asked, 0, "nobody asks a Redis that is known to be dead");
    server.restart();
    until_answered(&redis).await;
    assert!(redis.is_up());
    assert_eq!(counted(&metrics, "redis_up"), 1);
    assert_eq!(redis.invoke(&script, &[], &[]).await, Ok(7), "a script is sent again");
}

#[actix_web::test]
async fn a_hung_redis_holds_up_nobody_beyond_the_bound_and_is_back_by_itself() {
    let server = TestRedis::start();
    let (redis, metrics) = opened(&server.url(), Duration::from_millis(50)).await;
    until_answered(&redis).await;
    server.signal(Signal::Stop);
    let together = [(); 100].map(|()| {
        let redis = redis.clone();
        actix_web::rt::spawn(async move { ask(&redis).await })
    });
    for question in together {
        // The first few may still be answered before the signal arrives; no wait is without end.
        let _ = question.await.unwrap();
    }
    until_gone(&redis).await;
    let before = counted(&metrics, "redis_failures_total");
    for _ in 0..200 {
        assert_eq!(ask(&redis).await, Err(RedisGone));
    }
    let asked = counted(&metrics, "redis_failures_total") - before;
    assert_eq!(asked, 0, "one late answer is enough for everybody");
    assert!(!redis.is_up());
    server.signal(Signal::Continue);
    until_answered(&redis).await;
}

#[actix_web::test]
async fn callers_that_hang_up_half_way_do_not_make_redis_look_gone() {
    let server = TestRedis::start();
    let (redis, metrics) = patient(&server).await;
    for _ in 0..50 {
        let ping = cmd("PING");
        let mut question = Box::pin(redis.query::<String>(&ping));
        tokio::select! {
            biased;
            _ = &mut question => {}
            () = std::future::ready(()) => {}
        }
        drop(question);
        assert!(redis.is_up());
    }
    assert_eq!(ask(&redis).await.unwrap(), "PONG");
    assert_eq!(counted(&metrics, "redis_failures_total"), 0);
}

#[actix_web::test]
async fn a_silent_redis_is_asked_once_a_second_however_many_would_ask() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let path = folder.path().join("silent.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for connection in listener.incoming() {
            counter.fetch_add(1, Ordering::SeqCst);
            silent.push(connection);
        }
    });
    let began = Instant::now();
    let url = SecretString::from(format!("redis+unix://{}", path.display()));
    let (redis, metrics) = opened(&url, Duration::from_millis(50)).await;
    let _subscription = redis.subscribe(&redis.key("news"));
    while began.elapsed() < Duration::from_secs(3) {
        assert_eq!(ask(&redis).await, Err(RedisGone));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let seconds = usize::try_from(began.elapsed().as_secs()).unwrap();
    let asked = asked.load(Ordering::SeqCst);
    assert!((1..=seconds + 1).contains(&asked), "{asked} connections in {seconds} s");
    assert_eq!(counted(&metrics, "redis_up"), 0);
}

#[actix_web::test]
async fn a_listener_is_told_what_was_said_and_when_it_may_have_missed_something() {
    let mut server = TestRedis::start();
    let (redis, _metrics) = patient(&server).await;
    let channel = redis.key("news");
    let mut listener = redis.subscribe(&channel);
    assert_eq!(next(&mut listener).await, Notice::Reconnected);
    let publish = |text: &str| cmd("PUBLISH").arg(&channel).arg(text).to_owned();
    assert_eq!(redis.query(&publish("first")).await, Ok(1), "one listens");
    assert_eq!(next(&mut listener).await, Notice::Message("first".to_owned()));

    server.restart();
    assert_eq!(next(&mut listener).await, Notice::Lost);
    assert_eq!(next(&mut listener).await, Notice::Reconnected);
    assert_eq!(redis.query(&publish("second")).await, Ok(1));
    assert_eq!(next(&mut listener).await, Notice::Message("second".to_owned()));

    server.signal(Signal::Stop);
    assert_eq!(next(&mut listener).await, Notice::Lost);
    server.signal(Signal::Continue);
    assert_eq!(next(&mut listener).await, Notice::Reconnected);
    until_answered(&redis).await;
    let listeners: Result<u32, RedisGone> = redis.query(&publish("third")).await;
    assert!(listeners.unwrap() >= 1);
    assert_eq!(next(&mut listener).await, Notice::Message("third".to_owned()));
}
