//! One worker, seen from its supervisor.

use std::io;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use local_services::{Signal, send_signal};

/// A process of this very program that does jobs.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    /// Since when it has been asked to go.
    leaving: Option<Instant>,
}

impl Worker {
    /// Starts one with the arguments of this process and the flag that makes it a worker.
    pub(super) fn start() -> io::Result<Self> {
        let child = Command::new(std::env::current_exe()?)
            .args(std::env::args_os().skip(1))
            .arg("--work")
            // Held open for as long as this process lives: a worker whose supervisor was killed
            // reads the end of it, and goes.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Self { child, leaving: None })
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    /// Whether the process is gone.
    pub(super) fn is_gone(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks it to finish what it has begun and go; it gives back what takes too long.
    pub(super) fn ask_to_leave(&mut self) {
        if self.leaving.is_none() {
            self.leaving = Some(Instant::now());
            let _ = send_signal(self.child.id(), Signal::Terminate);
        }
    }

    /// Ends it if it was asked to go longer ago than `grace`. What it did then is under a lease that
    /// ends.
    pub(super) fn end_if_late(&mut self, grace: Duration) {
        if self.leaving.is_some_and(|since| since.elapsed() > grace) {
            let _ = self.child.kill();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Nothing for one that is gone; otherwise its supervisor has failed, and does not stay.
        self.ask_to_leave();
    }
}
