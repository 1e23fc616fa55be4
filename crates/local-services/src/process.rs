//! Processes by id, through `guardian.sh`: std has no `kill`, and the script needs the same
//! answers, so there is one implementation.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::Error;
use crate::desk::{Desk, Server};

const SCRIPT: &str = include_str!("guardian.sh");

/// The signals that stop a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StopSignals {
    /// Asks for an orderly end.
    pub(crate) soft: &'static str,
    /// Follows when that took too long.
    pub(crate) hard: &'static str,
}

/// A signal that [`send_signal`] can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ask to end.
    Terminate,
    /// End at once.
    Kill,
    /// Hang: stay there and do nothing, as a machine that swaps or a network that is cut looks.
    Stop,
    /// Go on after [`Signal::Stop`].
    Continue,
}

/// Sends a signal to one process.
///
/// # Errors
/// [`Error::Io`] when `sh` cannot be run; a process that is gone is not an error.
pub fn send_signal(pid: u32, signal: Signal) -> Result<(), Error> {
    let name = match signal {
        Signal::Terminate => "TERM",
        Signal::Kill => "KILL",
        Signal::Stop => "STOP",
        Signal::Continue => "CONT",
    };
    output(&["kill", "-s", name, &pid.to_string()]).map(drop)
}

/// When a live process started, in whatever form the system gives; `None` when it is gone.
pub(crate) fn born(pid: u32) -> Result<Option<String>, Error> {
    let born = output(&["born", &pid.to_string()])?;
    Ok(Some(born).filter(|born| !born.is_empty()))
}

/// The command line of a process; empty when it is gone.
pub(crate) fn arguments(pid: u32) -> Result<String, Error> {
    output(&["args", &pid.to_string()])
}

/// Stops a server and waits until it is gone, for at most 40 s; harmless when it already stops.
pub(crate) fn stop(
    service: &'static str,
    pid: u32,
    born: &str,
    signals: StopSignals,
) -> Result<(), Error> {
    let status = script(&["stop", &pid.to_string(), born, signals.soft, signals.hard])
        .stdin(Stdio::null())
        .status()
        .map_err(|e| Error::io("run", Path::new("sh"), e))?;
    if status.success() { Ok(()) } else { Err(Error::WillNotStop { service, pid }) }
}

fn output(arguments: &[&str]) -> Result<String, Error> {
    let output = script(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|e| Error::io("run", Path::new("sh"), e))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn script(arguments: &[&str]) -> Command {
    let mut command = Command::new("/bin/sh");
    // Through the environment, so that the process list shows one short line.
    command.env("LOCAL_SERVICES_SCRIPT", SCRIPT).current_dir("/");
    command.args(["-c", "eval \"$LOCAL_SERVICES_SCRIPT\"", "local-services"]).args(arguments);
    command
}

/// The shell process that outlives this holder and stops the server after the last one.
#[derive(Debug)]
pub(crate) struct Guardian(Child);

impl Guardian {
    /// A process group of its own: Ctrl-C in the terminal must not end it before it cleaned up.
    pub(crate) fn spawn(desk: &Desk, user: &str, signals: StopSignals) -> Result<Self, Error> {
        let users = desk.users().to_string_lossy().into_owned();
        script(&["watch", &users, user, signals.soft, signals.hard])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map(Self)
            .map_err(|e| Error::io("run", Path::new("sh"), e))
    }

    /// Tells the guardian of a process just spawned, before its start time is known.
    pub(crate) fn announce_new(&mut self, pid: u32) {
        self.tell(&format!("{pid}\n"));
    }

    /// Tells the guardian of the running server.
    pub(crate) fn announce(&mut self, server: &Server) {
        self.tell(&format!("{} {}\n", server.pid, server.born));
    }

    /// A guardian that somebody killed cannot be told; the next holder's one takes over.
    fn tell(&mut self, line: &str) {
        if let Some(stdin) = self.0.stdin.as_mut() {
            let _ = stdin.write_all(line.as_bytes());
        }
    }
}

impl Drop for Guardian {
    /// End of file is the signal; waiting makes "dropped" mean "stopped" for the last holder.
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
