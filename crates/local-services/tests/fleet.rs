//! Servers of more than one machine start, work together, and leave nothing behind.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use local_services::fleet::{PgBouncer, PostgresPair, RedisCluster};
use local_services::{Purpose, Signal, find_postgres};

fn psql(url: &str, statement: &str) -> String {
    let psql = find_postgres().unwrap().bin.join("psql");
    let output = Command::new(psql).args(["-XAtc", statement, url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn eventually(mut so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !so() {
        assert!(Instant::now() < end, "it did not happen within a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_replica_follows_its_primary_also_after_it_was_away() {
    let mut pair = PostgresPair::start(Purpose::Test).unwrap();
    psql(&pair.primary_url(), "CREATE TABLE t (n int)");
    let there = |pair: &PostgresPair, table: &str| {
        let query = format!("SELECT to_regclass('{table}') IS NOT NULL");
        psql(&pair.replica_url(), &query) == "t"
    };
    eventually(|| there(&pair, "t"));
    assert_eq!(psql(&pair.replica_url(), "SELECT pg_is_in_recovery()"), "t");
    pair.stop_replica();
    psql(&pair.primary_url(), "CREATE TABLE meanwhile (n int)");
    pair.start_replica().unwrap();
    eventually(|| there(&pair, "meanwhile"));
    let folder = pair.primary_socket().to_owned();
    drop(pair);
    assert!(!Path::new(&folder).exists(), "its data go with it");
}

#[test]
fn a_pooler_finds_every_database_and_sends_what_it_was_told() {
    let pair = PostgresPair::start(Purpose::Test).unwrap();
    let pooler = PgBouncer::start(pair.primary_socket(), "SET lock_timeout = 123", 2).unwrap();
    assert_eq!(psql(&pooler.url(), "SHOW lock_timeout"), "123ms");
    psql(&pair.primary_url(), "CREATE DATABASE other");
    let other = pooler.url().replace(":///postgres", ":///other");
    assert_eq!(psql(&other, "SELECT current_database()"), "other");
}

#[test]
fn a_replica_takes_over_when_its_master_is_killed() {
    let mut cluster = RedisCluster::start(3, true).unwrap();
    cluster.node(0).unwrap().signal(Signal::Kill).unwrap();
    eventually(|| cluster.ask(3, "ROLE").is_ok_and(|role| role.contains("master")));
    cluster.wait_until_whole().unwrap();
    cluster.restart(0).unwrap();
    eventually(|| cluster.ask(0, "ROLE").is_ok_and(|role| role.contains("slave")));
}
