//! Just enough HTTP to ask a server on this machine one question.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::Outcome;

/// Status and body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// An answer within five seconds.
pub(crate) fn ask(server: SocketAddr, method: &str, path: &str, json: &str) -> Outcome<Answer> {
    ask_within(server, method, path, json, Duration::from_secs(5))
}

/// HTTP/1.0, so that the answer is neither chunked nor followed by another one.
pub(crate) fn ask_within(
    server: SocketAddr,
    method: &str,
    path: &str,
    json: &str,
    patience: Duration,
) -> Outcome<Answer> {
    let mut stream = TcpStream::connect_timeout(&server, patience)?;
    stream.set_read_timeout(Some(patience))?;
    let length = json.len();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nhost: {server}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{json}"
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or("not an HTTP answer")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok(Answer { status: status.ok_or("no status")?, body: body.to_owned() })
}

/// A port that was free a moment ago.
pub(crate) fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}
