//! Sharing one server between processes: the first starts it, others attach, the last one out
//! stops it.
//!
//! Every decision to start or attach is made under the start-up lock. Leaving needs no lock: the
//! guardian of each holder takes its name off the list, and whoever succeeds in removing the
//! empty list stops the server. Once the list is gone nobody can join, so nobody attaches to a
//! server that is being stopped.

use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Error;
use crate::desk::{Desk, Server};
use crate::endpoint::Endpoint;
use crate::process::{self, Guardian, StopSignals};

/// How long a server may take until it answers; crash recovery of durable data counts too.
const READY_PATIENCE: Duration = Duration::from_secs(60);

/// How many free ports are tried when another process takes the chosen one first.
const PORT_ATTEMPTS: usize = 5;

/// A server program spawned but not yet answering.
pub(crate) struct Spawned {
    pub(crate) child: Child,
    /// Everything but `born`, which is asked once the server answers.
    pub(crate) server: Server,
}

/// What differs between PostgreSQL and Redis.
pub(crate) trait Service {
    /// What `prepare` finds and `spawn` needs.
    type Plan;
    const SIGNALS: StopSignals;

    /// Everything that must be true before the server is spawned.
    fn prepare(&self) -> Result<Self::Plan, Error>;
    fn spawn(&self, plan: &Self::Plan) -> Result<Spawned, Error>;
    fn answers(endpoint: &Endpoint) -> bool;
}

/// One holder's share in a running server; dropping it lets go.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) server: Server,
    pub(crate) started_here: bool,
    _guardian: Guardian,
}

/// Attaches to the running server or starts one.
pub(crate) fn acquire<S: Service>(desk: &Desk, service: &S) -> Result<Lease, Error> {
    let _lock = desk.lock()?;
    while let Some(server) = desk.running()? {
        let Some(user) = desk.join()? else {
            // Its guardian is stopping it; the same orders again do no harm, and they help
            // when that guardian was killed.
            process::stop(desk.service, server.pid, &server.born, S::SIGNALS)?;
            break;
        };
        if let Some(lease) = attach::<S>(desk, server, &user)? {
            return Ok(lease);
        }
    }
    start(desk, service)
}

/// `None` when the server died meanwhile: a process that is being killed still looks alive.
fn attach<S: Service>(desk: &Desk, server: Server, user: &str) -> Result<Option<Lease>, Error> {
    let mut guardian = Guardian::spawn(desk, user, S::SIGNALS)?;
    guardian.announce(&server);
    let mut attempts = 0_u32;
    let mut died = false;
    wait_until(desk, server.pid, || {
        attempts += 1;
        // Asking costs a process, so not at every turn.
        died = attempts.is_multiple_of(20)
            && process::born(server.pid)?.is_none_or(|born| born != server.born);
        Ok(died || S::answers(&server.endpoint))
    })?;
    Ok((!died).then_some(Lease { server, started_here: false, _guardian: guardian }))
}

fn start<S: Service>(desk: &Desk, service: &S) -> Result<Lease, Error> {
    let plan = service.prepare()?;
    let mut attempts = PORT_ATTEMPTS;
    loop {
        match start_once(desk, service, &plan) {
            Err(Error::StartFailed { tail, .. })
                if attempts > 1 && tail.contains("Address already in use") =>
            {
                attempts -= 1;
            }
            outcome => return outcome,
        }
    }
}

/// The guardian comes before the server, so that no `kill -9` in between leaves one behind.
fn start_once<S: Service>(desk: &Desk, service: &S, plan: &S::Plan) -> Result<Lease, Error> {
    let user = desk.open_users()?;
    let mut guardian = Guardian::spawn(desk, &user, S::SIGNALS)?;
    let Spawned { mut child, mut server } = service.spawn(plan)?;
    guardian.announce_new(server.pid);
    let ready = wait_until(desk, server.pid, || match child.try_wait() {
        Ok(None) => Ok(S::answers(&server.endpoint)),
        Ok(Some(status)) => Err(start_failed(desk, &status.to_string())),
        Err(e) => Err(Error::io("wait for", &server.bin, e)),
    });
    // Reaped by a thread: the guardian stops the server while this process may live on.
    std::thread::spawn(move || child.wait());
    ready?;
    server.born =
        process::born(server.pid)?.ok_or_else(|| start_failed(desk, "right after it answered"))?;
    desk.record(&server)?;
    Ok(Lease { server, started_here: true, _guardian: guardian })
}

fn start_failed(desk: &Desk, status: &str) -> Error {
    Error::StartFailed {
        service: desk.service,
        status: status.to_owned(),
        log: desk.log(),
        tail: desk.log_tail(),
    }
}

fn wait_until(
    desk: &Desk,
    pid: u32,
    mut ready: impl FnMut() -> Result<bool, Error>,
) -> Result<(), Error> {
    let deadline = Instant::now() + READY_PATIENCE;
    while !ready()? {
        if Instant::now() > deadline {
            let seconds = READY_PATIENCE.as_secs();
            return Err(Error::NotReady { service: desk.service, pid, seconds, log: desk.log() });
        }
        sleep(Duration::from_millis(10));
    }
    Ok(())
}
