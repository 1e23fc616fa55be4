//! Clients that send or read too slowly, on purpose or not.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::common::ROUTES;
use foundation::testing::TestApp;

const FAST_TIMEOUTS: [&str; 6] =
    ["--head-timeout", "1s", "--keep-alive", "1s", "--body-timeout", "1s"];

fn connect(app: &TestApp) -> TcpStream {
    let socket = TcpStream::connect(app.address()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
}

/// Reads until the server closes; panics when it does not within ten seconds.
fn read_until_closed(socket: &mut TcpStream) -> String {
    let mut reply = Vec::new();
    match socket.read_to_end(&mut reply) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("still open: {reply:?}"),
        _ => String::from_utf8_lossy(&reply).into_owned(),
    }
}

#[actix_web::test]
async fn a_first_head_that_never_ends_is_cut_off() {
    let app = TestApp::start_with(ROUTES, &FAST_TIMEOUTS);
    let mut socket = connect(&app);
    socket.write_all(b"GET /health/live HT").unwrap();
    assert!(read_until_closed(&mut socket).contains("408"));
}

#[actix_web::test]
async fn a_later_head_that_never_ends_is_cut_off_too_however_often_a_byte_comes() {
    let app = TestApp::start_with(ROUTES, &FAST_TIMEOUTS);
    let mut socket = connect(&app);
    socket.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut reply = [0; 1024];
    let read = socket.read(&mut reply).unwrap();
    assert!(String::from_utf8_lossy(&reply[..read]).contains("200 OK"));
    socket.write_all(b"GET /health/live HTTP/1.1\r\nx-slow: ").unwrap();
    let cut_off = (0..40).any(|_| {
        std::thread::sleep(Duration::from_millis(200));
        socket.write_all(b"a").is_err()
    });
    assert!(cut_off, "eight seconds later the server is still waiting for the rest");
}

#[actix_web::test]
async fn a_later_head_that_comes_in_two_pieces_is_served() {
    let app = TestApp::start_with(ROUTES, &FAST_TIMEOUTS);
    let mut socket = connect(&app);
    for _ in 0..2 {
        socket.write_all(b"GET /health/live HT").unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        socket.write_all(b"TP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut reply = [0; 1024];
        let read = socket.read(&mut reply).unwrap();
        assert!(String::from_utf8_lossy(&reply[..read]).contains("200 OK"));
    }
}

#[actix_web::test]
async fn a_body_that_never_ends_gets_408() {
    let app = TestApp::start_with(ROUTES, &FAST_TIMEOUTS);
    let mut socket = connect(&app);
    let head = "POST /api/echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 100\r\n\r\n{\"text\":";
    socket.write_all(head.as_bytes()).unwrap();
    let mut reply = [0; 64];
    let read = socket.read(&mut reply).unwrap();
    assert!(String::from_utf8_lossy(&reply[..read]).contains("408"));
}

#[actix_web::test]
async fn an_honest_client_keeps_its_connection_for_many_requests() {
    let app = TestApp::start_with(ROUTES, &["--head-timeout", "1s", "--keep-alive", "2s"]);
    let mut socket = connect(&app);
    for _ in 0..6 {
        socket.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut reply = [0; 1024];
        let read = socket.read(&mut reply).unwrap();
        assert!(String::from_utf8_lossy(&reply[..read]).contains("200 OK"));
        tokio::time::sleep(Duration::from_millis(900)).await;
    }
}
