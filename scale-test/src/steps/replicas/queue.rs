//! More requests than the replicas have places for wait in HAProxy, and not for long.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{REPLICAS, settings};
use crate::Outcome;
use crate::fleet::{Fleet, Proxy};
use crate::http::{Ask, Reply};
use crate::report::{Report, milliseconds};
use crate::run::Run;

/// Requests that HAProxy sends to one replica at once here, instead of 256.
const PLACES: usize = 2;
/// Requests that come while every place is taken.
const ASKED: usize = 60;
/// `timeout queue` of HAProxy, and what a busy machine adds.
const SOON: Duration = Duration::from_secs(3);

pub(super) fn check(
    run: &Run,
    report: &mut Report,
    (database, redis): (&crate::database::Database, &str),
) -> Outcome<()> {
    report.progress("every place at the replicas is taken");
    let fleet = Fleet::start(run, settings(database, REPLICAS, &[("REDIS_URL", redis)])?)?;
    let places = PLACES.to_string();
    let proxy = Proxy::start_with(run, &fleet, &[("REPLICA_MAXCONN", &places)])?;
    let (free, _) = look(run, &proxy);
    let takers = take_all(run, &proxy)?;
    let (waited, slowest) = look(run, &proxy);
    drop(takers);
    let refused = waited.iter().filter(|reply| told_to_wait(reply)).count();
    let mut after = 0;
    run.processes.wait_for("free places", || {
        let (replies, _) = look(run, &proxy);
        after = served(&replies);
        Ok(after == ASKED)
    })?;
    report.check(
        "queue",
        "while slow clients hold every place, whoever waits in HAProxy gets 503 and Retry-After soon",
        format!("{refused} of {ASKED}, the last after {}", milliseconds(slowest)),
        refused == ASKED && slowest < SOON,
    );
    report.check(
        "queue-free",
        "control: with places free, before and after, nobody does",
        format!("{} and {after} of {ASKED} served", served(&free)),
        served(&free) == ASKED && after == ASKED,
    );
    Ok(())
}

/// Clients that begin to send a body and stop: each keeps a place until its replica has had enough.
fn take_all(run: &Run, proxy: &Proxy<'_>) -> Outcome<Vec<TcpStream>> {
    let head = "POST /api/v1/users HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 100\r\n\r\n{";
    let takers = (0..REPLICAS * PLACES).map(|_| {
        let mut stream = TcpStream::connect(proxy.address())?;
        stream.write_all(head.as_bytes())?;
        Ok(stream)
    });
    let takers = takers.collect::<Outcome<Vec<_>>>()?;
    run.processes.wait_for("every place to be taken", || {
        Ok(proxy.sessions()? >= (REPLICAS * PLACES) as u64)
    })?;
    Ok(takers)
}

/// So many look at once; what each was told, and how long the last one took.
fn look(run: &Run, proxy: &Proxy<'_>) -> (Vec<Reply>, Duration) {
    let began = Instant::now();
    let replies =
        run.http.ask_at_once(&vec![Ask::get(&proxy.base(), "/api/v2/posts?limit=1"); ASKED]);
    (replies, began.elapsed())
}

fn told_to_wait(reply: &Reply) -> bool {
    reply.status == 503 && reply.headers.contains_key("retry-after")
}

fn served(replies: &[Reply]) -> usize {
    replies.iter().filter(|reply| reply.status == 200).count()
}
