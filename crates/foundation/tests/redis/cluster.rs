//! Redis Cluster: questions find their node, notices are counted, and a failover keeps the promises.

use std::time::Duration;

use foundation::metrics::Metrics;
use foundation::redis::{Notice, Redis, RedisGone, Script, Subscription, cmd, pipe};
use local_services::Signal;
use local_services::fleet::RedisCluster;
use secrecy::SecretString;
use tokio::time::timeout;

/// Long enough for a machine that is busy.
const WAIT: Duration = Duration::from_secs(2);
const SOON: Duration = Duration::from_secs(60);

fn cluster(with_replicas: bool) -> RedisCluster {
    RedisCluster::start(3, with_replicas).unwrap()
}

async fn open(cluster: &RedisCluster) -> Redis {
    let url = SecretString::from(cluster.url());
    let redis = Redis::open(&url, "shop:", WAIT, &Metrics::new().unwrap()).unwrap();
    redis.settled().await;
    redis
}

async fn notice(listener: &mut Subscription) -> Notice {
    timeout(SOON, listener.next()).await.expect("a notice within a minute")
}

async fn until(redis: &Redis, is_up: bool) {
    let change = async {
        while redis.is_up() != is_up {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, change).await.expect("it changes within a minute");
}

/// The index of the master that holds a key.
fn holder(cluster: &RedisCluster, key: &str) -> usize {
    let answers = |index: &usize| {
        let told = cluster.ask(*index, &format!("EXISTS {key}")).unwrap();
        !told.starts_with("-MOVED")
    };
    (0..3).find(answers).unwrap()
}

#[actix_web::test]
async fn keys_spread_over_the_masters_and_a_family_stays_together() {
    let cluster = cluster(false);
    let redis = open(&cluster).await;
    let mut used = [0_u32; 3];
    for number in 0..60 {
        let key = redis.key(&format!("limit:{number}"));
        let set = cmd("SET").arg(&key).arg(number).arg("EX").arg(60).to_owned();
        redis.query::<()>(&set).await.unwrap();
        assert_eq!(redis.query(cmd("GET").arg(&key)).await, Ok(number));
        used[holder(&cluster, &key)] += 1;
    }
    assert!(used.iter().all(|count| *count > 0), "{used:?}");
    let family: Vec<String> =
        (0..20).map(|number| redis.key_in("cache", &format!("entry:{number}"))).collect();
    let script =
        Script::new("for _, key in ipairs(KEYS) do redis.call('SET', key, 1) end return #KEYS");
    assert_eq!(redis.invoke(&script, &family, &[]).await, Ok(20));
    let apart: Vec<String> = (0..20).map(|number| redis.key(&format!("entry:{number}"))).collect();
    let refused = redis.invoke::<u32>(&script, &apart, &[]).await;
    assert_eq!(refused, Err(RedisGone), "without the tag they lie on several masters");
    let stream = redis.key("outbox");
    let told: Vec<i64> = redis
        .pipeline(pipe().cmd("RPUSH").arg(&stream).arg("a").cmd("RPUSH").arg(&stream).arg("b"))
        .await
        .unwrap();
    assert_eq!(told, [1, 2]);
}

#[actix_web::test]
async fn a_script_that_publishes_counts_every_listener() {
    let cluster = cluster(false);
    let servers = [open(&cluster).await, open(&cluster).await, open(&cluster).await];
    let channel = servers[0].key_in("cache", "writes");
    let mut listeners: Vec<Subscription> =
        servers.iter().map(|server| server.subscribe(&channel)).collect();
    for listener in &mut listeners {
        assert_eq!(notice(listener).await, Notice::Reconnected);
    }
    let script =
        Script::new("redis.call('SET', KEYS[1], 1) return redis.call('PUBLISH', ARGV[1], ARGV[2])");
    let keys = [servers[0].key_in("cache", "entry")];
    let arguments = [channel.clone(), "written".to_owned()];
    let heard: u32 = servers[1].invoke(&script, &keys, &arguments).await.unwrap();
    assert_eq!(heard, 3, "the writer knows how many confirmations to wait for");
    for listener in &mut listeners {
        assert_eq!(notice(listener).await, Notice::Message("written".to_owned()));
    }
    // A listener that asked elsewhere gets the message, but nobody waits for it.
    let elsewhere = (holder(&cluster, &keys[0]) + 1) % 3;
    let client = redis_client(&cluster.node_urls()[elsewhere]);
    let mut uncounted = client.get_async_pubsub().await.unwrap();
    uncounted.subscribe(&channel).await.unwrap();
    let heard: u32 = servers[1].invoke(&script, &keys, &arguments).await.unwrap();
    assert_eq!(heard, 3);
}

fn redis_client(url: &str) -> redis::Client {
    redis::Client::open(url).unwrap()
}

#[actix_web::test]
async fn a_master_that_is_killed_is_missed_at_once_and_its_replica_takes_over() {
    let mut cluster = cluster(true);
    let redis = open(&cluster).await;
    let channel = redis.key_in("cache", "writes");
    let mut listener = redis.subscribe(&channel);
    assert_eq!(notice(&mut listener).await, Notice::Reconnected);
    let victim = holder(&cluster, &channel);
    cluster.node(victim).unwrap().signal(Signal::Kill).unwrap();
    assert_eq!(notice(&mut listener).await, Notice::Lost, "it knows that it may have missed some");
    until(&redis, false).await;
    let other = redis.query::<()>(cmd("SET").arg(redis.key("anything")).arg(1)).await;
    assert_eq!(other, Err(RedisGone), "all or nothing: no limit is kept in two places");
    until(&redis, true).await;
    assert_eq!(notice(&mut listener).await, Notice::Reconnected);
    let key = redis.key_in("cache", "entry");
    redis.query::<()>(cmd("SET").arg(&key).arg("after")).await.unwrap();
    let publish = cmd("PUBLISH").arg(&channel).arg("after").to_owned();
    redis.query::<u32>(&publish).await.unwrap();
    assert_eq!(notice(&mut listener).await, Notice::Message("after".to_owned()));
    cluster.restart(victim).unwrap();
    assert_eq!(redis.query(cmd("GET").arg(&key)).await, Ok("after".to_owned()));
}

#[actix_web::test]
async fn a_master_that_hangs_costs_one_wait() {
    let cluster = cluster(false);
    let redis = open(&cluster).await;
    let key = redis.key("counter");
    let victim = holder(&cluster, &key);
    cluster.node(victim).unwrap().signal(Signal::Stop).unwrap();
    let increment = cmd("INCR").arg(&key).to_owned();
    let count = || redis.query::<u64>(&increment);
    assert_eq!(count().await, Err(RedisGone));
    let again = timeout(WAIT / 2, async {
        for _ in 0..50 {
            assert_eq!(count().await, Err(RedisGone));
        }
    });
    again.await.expect("nobody waits a second time");
    cluster.node(victim).unwrap().signal(Signal::Continue).unwrap();
    until(&redis, true).await;
    assert!(count().await.is_ok());
}

#[test]
fn a_cluster_without_nodes_is_not_a_url() {
    for url in ["redis+cluster://", "redis+cluster://:secret@", "redis+cluster://host:not-a-port"] {
        let opened = Redis::open(&SecretString::from(url), "", WAIT, &Metrics::new().unwrap());
        let error = opened.expect_err("it is refused").to_string();
        assert!(error.contains("redis+cluster://:password@host:port,host:port"), "{error}");
        assert!(!error.contains("secret"));
    }
}
