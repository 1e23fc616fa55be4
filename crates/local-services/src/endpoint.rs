//! Where a server listens, the URLs for it, and whether it answers.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Error;

/// The longest socket path used, in bytes. `sun_path` holds 108 on Linux and 104 on macOS.
pub(crate) const LONGEST_SOCKET_PATH: usize = 100;

/// How long one question to a server may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// A unix socket in a folder closed to others, so no password is needed.
    Socket(PathBuf),
    /// A loopback port, which every local user can reach, so a password is.
    Tcp { port: u16, password: String },
}

impl Endpoint {
    /// The socket where possible: its path short enough, the file system able to hold one, and
    /// no comma, which libpq takes as the end of a host name. Else a free loopback port.
    pub(crate) fn choose(
        socket: PathBuf,
        password: impl FnOnce() -> Result<String, Error>,
    ) -> Result<Self, Error> {
        let path = socket.as_os_str().as_encoded_bytes();
        let nameable = path.len() <= LONGEST_SOCKET_PATH && !path.contains(&b',');
        if nameable && sockets_work_beside(&socket) {
            return Ok(Self::Socket(socket));
        }
        Ok(Self::Tcp { port: free_port()?, password: password()? })
    }

    /// The libpq URL of database `postgres`. The user is a parameter because the WHATWG URL
    /// rules (crate `url`) refuse `user@` with an empty host. libpq manual, 34.1.1.2.
    pub(crate) fn postgres_url(&self) -> String {
        match self {
            Self::Socket(socket) => {
                let folder = socket.parent().unwrap_or(Path::new("/")).to_string_lossy();
                format!("postgres:///postgres?host={}&port=5432&user=postgres", encode(&folder))
            }
            Self::Tcp { port, password } => {
                format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres")
            }
        }
    }

    /// The URL as redis-rs and redis-py read it.
    pub(crate) fn redis_url(&self) -> String {
        match self {
            Self::Socket(socket) => format!("redis+unix://{}", encode(&socket.to_string_lossy())),
            Self::Tcp { port, password } => format!("redis://:{password}@127.0.0.1:{port}/0"),
        }
    }

    /// Whether PostgreSQL accepts log-ins: the answer to a start-up packet is an authentication
    /// request (`R`), as `pg_isready` tests it, or "too many clients" (53300), which only a
    /// server at work says. Protocol 3.0, PostgreSQL manual 55.2.1.
    pub(crate) fn postgres_answers(&self) -> bool {
        let body = b"\0\x03\0\0user\0postgres\0database\0postgres\0\0";
        let length = (body.len() as u32 + 4).to_be_bytes();
        let packet = [&length[..], body].concat();
        let full = |answer: &[u8]| answer.windows(6).any(|code| code == b"C53300");
        self.ask(&packet, |answer| !answer.is_empty())
            .is_ok_and(|answer| answer.starts_with(b"R") || full(&answer))
    }

    /// Whether Redis executes commands; false while it still loads its data.
    pub(crate) fn redis_answers(&self) -> bool {
        let question = match self {
            Self::Socket(_) => "PING\r\n".to_owned(),
            Self::Tcp { password, .. } => format!("AUTH {password}\r\nPING\r\n"),
        };
        let pong = |answer: &[u8]| answer.windows(5).any(|word| word == b"+PONG");
        self.ask(question.as_bytes(), |answer| pong(answer) || answer.contains(&b'-'))
            .is_ok_and(|answer| pong(&answer))
    }

    /// What Redis answers to a command without blanks in its words, as it stands on the wire
    /// (Redis protocol specification, "Inline commands").
    pub(crate) fn redis_command(&self, command: &str) -> io::Result<String> {
        let Self::Tcp { password, .. } = self else {
            return Err(io::Error::other("asked over TCP only"));
        };
        let question = format!("AUTH {password}\r\n{command}\r\nECHO over\r\n");
        let end = b"$4\r\nover\r\n";
        let answer = self.ask(question.as_bytes(), |answer| answer.ends_with(end))?;
        let text = String::from_utf8_lossy(&answer);
        let text = text.trim_start_matches("+OK\r\n");
        let text = text.strip_suffix("$4\r\nover\r\n").unwrap_or_default();
        Ok(if text.is_empty() { "+OK\r\n".to_owned() } else { text.to_owned() })
    }

    fn ask(&self, question: &[u8], enough: impl Fn(&[u8]) -> bool) -> io::Result<Vec<u8>> {
        match self {
            Self::Socket(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                converse(stream, question, enough)
            }
            Self::Tcp { port, .. } => {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
                let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                converse(stream, question, enough)
            }
        }
    }
}

fn converse(
    mut stream: impl Read + Write,
    question: &[u8],
    enough: impl Fn(&[u8]) -> bool,
) -> io::Result<Vec<u8>> {
    stream.write_all(question)?;
    let mut answer = Vec::new();
    let mut part = [0; 128];
    while !enough(&answer) {
        match stream.read(&mut part)? {
            0 => break,
            length => answer.extend_from_slice(&part[..length]),
        }
    }
    Ok(answer)
}

/// Whether a process listens on this socket; a leftover socket file refuses connections.
pub(crate) fn is_listening(socket: &Path) -> bool {
    UnixStream::connect(socket).is_ok()
}

/// Some network and Windows file systems cannot hold sockets; only trying tells.
fn sockets_work_beside(socket: &Path) -> bool {
    let probe = socket.with_file_name(".probe");
    let _ = std::fs::remove_file(&probe);
    let bound = std::os::unix::net::UnixListener::bind(&probe).is_ok();
    let _ = std::fs::remove_file(&probe);
    bound
}

/// The port may be taken before the server binds it; the caller then tries another one.
pub(crate) fn free_port() -> Result<u16, Error> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|e| Error::io("bind", Path::new("127.0.0.1"), e))
}

/// A password of 192 random bits in hexadecimal, safe in URLs and configuration files.
pub(crate) fn random_password() -> Result<String, Error> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0; 24];
    std::fs::File::open(source)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|e| Error::io("read", source, e))?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Percent-encoding that leaves `/` alone (RFC 3986, 2.1 and 3.3).
fn encode(path: &str) -> String {
    path.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}
