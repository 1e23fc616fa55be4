//! Redis, shared and stopped as PostgreSQL is.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use local_services::{Error, Purpose, Redis, find_redis};
use support::{Project, is_alive};

/// Without Redis a developer may go on; continuous integration may not.
fn redis_is_installed() -> bool {
    match find_redis() {
        Ok(_) => true,
        Err(missing) if std::env::var_os("CI").is_some() => panic!("{missing}"),
        Err(missing) => {
            println!("not checked: {missing}");
            false
        }
    }
}

/// Sends commands and returns everything Redis answers until it closes the connection.
fn talk(mut stream: impl Read + Write, commands: &str) -> String {
    stream.write_all(format!("{commands}\r\nQUIT\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn socket(project: &Project, purpose: Purpose) -> UnixStream {
    let path = format!(".local/{purpose}/redis/redis.sock");
    UnixStream::connect(project.path().join(path)).unwrap()
}

#[test]
fn redis_answers_is_shared_and_stops_with_the_last_holder() {
    if !redis_is_installed() {
        return;
    }
    let project = Project::new();
    let first = Redis::acquire(project.path(), Purpose::Test).unwrap();
    let second = Redis::acquire(project.path(), Purpose::Test).unwrap();
    assert!(first.started_here() && !second.started_here());
    let url = url::Url::parse(first.url()).unwrap();
    assert_eq!(url.scheme(), "redis+unix");
    assert!(Path::new(url.path()).exists());

    drop(first);
    assert!(talk(socket(&project, Purpose::Test), "PING").contains("+PONG"));
    let pid = second.pid();
    drop(second);

    assert!(!is_alive(pid));
}

#[test]
fn redis_for_tests_forgets_and_its_memory_is_bounded() {
    if !redis_is_installed() {
        return;
    }
    let project = Project::new();
    let redis = Redis::acquire(project.path(), Purpose::Test).unwrap();
    let answer = talk(socket(&project, Purpose::Test), "CONFIG GET maxmemory\r\nSET k v");
    assert!(answer.contains("268435456") && answer.contains("+OK"), "{answer}");
    drop(redis);

    let _redis = Redis::acquire(project.path(), Purpose::Test).unwrap();
    assert!(talk(socket(&project, Purpose::Test), "GET k").contains("$-1"));
}

#[test]
fn redis_for_serving_remembers() {
    if !redis_is_installed() {
        return;
    }
    let project = Project::new();
    let redis = Redis::acquire(project.path(), Purpose::Serve).unwrap();
    talk(socket(&project, Purpose::Serve), "SET k kept");
    drop(redis);

    let _redis = Redis::acquire(project.path(), Purpose::Serve).unwrap();
    assert!(talk(socket(&project, Purpose::Serve), "GET k").contains("kept"));
}

#[test]
fn redis_on_a_port_wants_a_password() {
    if !redis_is_installed() {
        return;
    }
    let outer = Project::new();
    let folder = outer.path().join("long".repeat(25));
    fs::create_dir(&folder).unwrap();
    let redis = Redis::acquire(&folder, Purpose::Test).unwrap();
    let url = url::Url::parse(redis.url()).unwrap();
    let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, url.port().unwrap())).unwrap();

    assert!(talk(connect(), "PING").contains("-NOAUTH"));
    let password = url.password().unwrap();
    assert!(talk(connect(), &format!("AUTH {password}\r\nPING")).contains("+PONG"));
}

#[test]
fn a_leftover_socket_is_survived_and_a_live_stranger_on_it_reported() {
    if !redis_is_installed() {
        return;
    }
    let project = Project::new();
    drop(Redis::acquire(project.path(), Purpose::Test).unwrap());
    let path = project.path().join(".local/test/redis/redis.sock");
    let stranger = UnixListener::bind(&path).unwrap();

    let error = Redis::acquire(project.path(), Purpose::Test).unwrap_err();
    assert!(matches!(&error, Error::InUse { path, .. } if path.ends_with("redis.sock")), "{error}");

    drop(stranger);
    assert!(path.exists());
    drop(Redis::acquire(project.path(), Purpose::Test).unwrap());
}
