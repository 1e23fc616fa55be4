//! `shop-workers` as a process, and what it tells.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;

use evidence::{Failure, HookGuard, Stage};
use foundation::scratch::Scratch;
use local_services::{Signal, send_signal};
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::{BOUND, MAX, MIN};

/// A change that the supervisor told of.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Change {
    pub(super) workers: u32,
}

/// The process; killed when dropped, and its workers go with it.
pub(super) struct Supervisor {
    child: Child,
    pub(super) changes: Receiver<(Instant, Change)>,
    _guard: HookGuard,
}

impl Supervisor {
    pub(super) fn start(
        stage: &Stage,
        scratch: &Scratch,
        bank: &str,
        per_worker: u64,
    ) -> Result<Self, Failure> {
        let mut child = Command::new(program()?)
            .args(["shop-workers", "--every", "50ms", "--log", "off"])
            .args(["--min", &MIN.to_string(), "--max", &MAX.to_string()])
            .args(["--per-worker-depth", &per_worker.to_string()])
            .env("DATABASE_URL", scratch.url().expose_secret())
            .env("SHOP_PAYMENT_URL", bank)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let (tell, changes) = mpsc::channel();
        std::thread::spawn(move || {
            let told = lines.map_while(Result::ok);
            for change in told.filter_map(|line| serde_json::from_str(&line).ok()) {
                if tell.send((Instant::now(), change)).is_err() {
                    break;
                }
            }
        });
        let id = child.id();
        let _guard = stage.interrupt().on_request(move || drop(send_signal(id, Signal::Terminate)));
        Ok(Self { child, changes, _guard })
    }

    /// Waits until somebody is at work; time counts from then.
    pub(super) fn first_worker(&self) -> Result<Instant, Failure> {
        let told = self.changes.recv_timeout(BOUND);
        told.map_err(|_| "the workers did not start")?;
        Ok(Instant::now())
    }

    /// Sends everybody home; tells whether that ended well.
    pub(super) fn stop(mut self) -> Result<bool, Failure> {
        send_signal(self.child.id(), Signal::Terminate)?;
        Ok(self.child.wait()?.success())
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This program where it has the subcommand, else the one that was built beside it, as in tests.
fn program() -> Result<PathBuf, Failure> {
    const NAMES: [&str; 2] = ["shop-api", "backend"];
    let own = std::env::current_exe()?;
    if own.file_stem().is_some_and(|stem| NAMES.iter().any(|name| stem == *name)) {
        return Ok(own);
    }
    let folders = own.ancestors().skip(1).take(2);
    let mut beside = folders.flat_map(|folder| NAMES.map(|name| folder.join(name)));
    let found = beside.find(|path| path.is_file());
    found.ok_or_else(|| "workers are processes: build them with `cargo build -p shop-api`".into())
}
