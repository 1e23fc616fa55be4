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

/// A request.
#[derive(Clone, Copy)]
pub(crate) struct Question<'a> {
    method: &'static str,
    path: &'a str,
    json: &'a str,
    token: Option<&'a str>,
    patience: Duration,
}

impl<'a> Question<'a> {
    pub(crate) const fn get(path: &'a str) -> Self {
        Self { method: "GET", path, json: "", token: None, patience: Duration::from_secs(5) }
    }

    pub(crate) const fn post(path: &'a str, json: &'a str) -> Self {
        Self { method: "POST", json, ..Self::get(path) }
    }

    pub(crate) const fn bearing(self, token: &'a str) -> Self {
        Self { token: Some(token), ..self }
    }

    pub(crate) const fn within(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// HTTP/1.0, so that the answer is neither chunked nor followed by another one. The same `Host`
    /// for every server, as absolute URLs in an answer repeat it.
    pub(crate) fn ask(self, server: SocketAddr) -> Outcome<Answer> {
        let Self { method, path, json, token, patience } = self;
        let mut stream = TcpStream::connect_timeout(&server, patience)?;
        stream.set_read_timeout(Some(patience))?;
        let length = json.len();
        let authorization =
            token.map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"));
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nhost: bench.example\r\ncontent-type: application/json\r\n\
             {authorization}content-length: {length}\r\n\r\n{json}"
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or("not an HTTP answer")?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Ok(Answer { status: status.ok_or("no status")?, body: body.to_owned() })
    }

    /// The body of an answer that must have this status.
    pub(crate) fn expect(self, server: SocketAddr, status: u16) -> Outcome<String> {
        let answer = self.ask(server)?;
        if answer.status == status {
            return Ok(answer.body);
        }
        let (Self { method, path, .. }, Answer { status: found, body }) = (self, answer);
        Err(format!("{method} {path}: {found} instead of {status}: {body}").into())
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}
