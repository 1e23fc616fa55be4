//! Asks the server in the same container how it is, and says so by its exit code: for images
//! without a shell and without curl. Compiled by the Containerfile; needs the standard library only.
//!
//! `health [PATH]`, by default `/health/live`, at the port of `LISTEN` (8080 without it).

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

/// Shorter than the time-out of HEALTHCHECK, so that the reason is said.
const PATIENCE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let path = std::env::args().nth(1).unwrap_or_else(|| "/health/live".to_owned());
    match ask(&path) {
        Ok(status) if status.contains(" 200 ") => ExitCode::SUCCESS,
        Ok(status) => failed(&status),
        Err(error) => failed(&error.to_string()),
    }
}

fn failed(reason: &str) -> ExitCode {
    eprintln!("health: {}", reason.trim_end());
    ExitCode::FAILURE
}

/// The status line of the response.
fn ask(path: &str) -> std::io::Result<String> {
    let listen = std::env::var("LISTEN").ok().and_then(|text| text.parse::<SocketAddr>().ok());
    let port = listen.map_or(8080, |address| address.port());
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut head = String::new();
    stream.take(4_096).read_to_string(&mut head)?;
    Ok(head.lines().next().unwrap_or_default().to_owned())
}
