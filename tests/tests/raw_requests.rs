//! Requests that no honest client writes, byte by byte.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use end_to_end::backend::Backend;
use foundation::scratch::Scratch;
use local_services::Purpose;

/// What the server sends, up to the end of the connection or ten seconds.
fn exchange(base: &str, request: &str) -> (String, bool) {
    let mut socket = TcpStream::connect(base.trim_start_matches("http://")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut reply = Vec::new();
    let ended = socket.read_to_end(&mut reply).is_ok();
    (String::from_utf8_lossy(&reply).into_owned(), ended)
}

fn backend(scratch: &Scratch) -> Backend {
    Backend::start(|command| {
        command.envs(scratch.environment());
    })
    .unwrap()
}

const POST: &str =
    "POST /api/v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

#[test]
fn a_request_whose_length_is_ambiguous_is_refused_and_its_connection_closed() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let backend = backend(&scratch);
    // To one reader the rest is a body, to another a second request.
    let smuggled = "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";
    for (case, headers) in [
        ("two lengths", "content-length: 0\r\ncontent-length: 39\r\n\r\n"),
        ("a length and chunks", "content-length: 0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("a length with a sign", "content-length: +0\r\n\r\n"),
        ("a coding that is not known", "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("chunked that is not last", "transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
        ("a name with a space", "content-length : 0\r\n\r\n"),
        ("a chunk of no number", "transfer-encoding: chunked\r\n\r\n0x0\r\n\r\n"),
    ] {
        let (reply, ended) = exchange(backend.base(), &format!("{POST}{headers}{smuggled}"));
        // Half-way through a body there may be nothing left to say.
        assert!(reply.is_empty() || reply.starts_with("HTTP/1.1 4"), "{case}: {reply}");
        assert!(!reply.contains("\"status\":\"ok\""), "{case}: the rest was served: {reply}");
        assert!(ended, "{case}: the connection is still open");
    }
}

#[test]
fn trace_is_not_supported() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let backend = backend(&scratch);
    for path in ["/", "/health/live", "/api/v1/logs"] {
        let request = format!(
            "TRACE {path} HTTP/1.1\r\nhost: x\r\nx-mine: echo\r\nconnection: close\r\n\r\n"
        );
        let (reply, _) = exchange(backend.base(), &request);
        assert!(reply.starts_with("HTTP/1.1 40"), "{path}: {reply}");
        assert!(!reply.contains("echo"), "{path}: {reply}");
    }
}
