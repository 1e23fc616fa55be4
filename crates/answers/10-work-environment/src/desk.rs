//! Where commands are typed: each is counted, timed, bounded and cut off when the reader stops.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use evidence::{Failure, Interrupt};
use local_services::{Signal, send_signal};

use crate::doctor::Machine;

/// A command of a tiny project takes a tenth of a second; one that takes this long hangs.
const LONGEST: Duration = Duration::from_secs(60);

/// What a command said and whether it succeeded.
#[derive(Debug)]
pub struct Said {
    /// Whether it ended with exit code 0.
    pub success: bool,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Said {
    /// The standard output of a command that has to succeed.
    ///
    /// # Errors
    /// What it said on standard error, when it failed.
    pub fn expected(self) -> Result<String, Failure> {
        if self.success { Ok(self.out) } else { Err(self.err.into()) }
    }
}

/// A place to type commands in one folder, with a count of them.
#[derive(Debug)]
pub struct Desk {
    folder: PathBuf,
    interrupt: Interrupt,
    /// Commands typed so far.
    pub commands: u64,
    /// Time that they took.
    pub took: Duration,
}

impl Desk {
    /// A desk in `folder`; a request of `interrupt` ends the command that runs.
    #[must_use]
    pub fn new(folder: PathBuf, interrupt: &Interrupt) -> Self {
        Self { folder, interrupt: interrupt.clone(), commands: 0, took: Duration::ZERO }
    }

    /// Runs a command, its program first, and waits for its end.
    ///
    /// # Errors
    /// When it cannot be started, takes more than a minute, or the reader stops the demo. A command
    /// that fails by itself is no error here: see [`Said::success`].
    pub fn run(&mut self, words: &[&str]) -> Result<Said, Failure> {
        self.commands += 1;
        let began = Instant::now();
        let output = self.output(words)?;
        self.took += began.elapsed();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        Ok(Said { success: output.status.success(), out, err })
    }

    /// As [`Desk::run`], for a command given as one line whose arguments hold no spaces.
    ///
    /// # Errors
    /// As [`Desk::run`].
    pub fn line(&mut self, line: &str) -> Result<Said, Failure> {
        self.run(&line.split(' ').collect::<Vec<_>>())
    }

    fn output(&self, words: &[&str]) -> Result<Output, Failure> {
        let [program, arguments @ ..] = words else { return Err("no command".into()) };
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        isolate(&mut command);
        let child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
        let id = child.id();
        let _hook = self.interrupt.on_request(move || drop(send_signal(id, Signal::Terminate)));
        let (sender, ended) = mpsc::channel();
        thread::spawn(move || sender.send(child.wait_with_output()));
        let Ok(output) = ended.recv_timeout(LONGEST) else {
            send_signal(id, Signal::Kill)?;
            return Err(format!("`{}` did not end within a minute", words.join(" ")).into());
        };
        if self.interrupt.requested() {
            return Err(evidence::Interrupted.into());
        }
        Ok(output?)
    }
}

/// Neither git nor cargo may notice what they are run inside of: in a git hook `GIT_DIR` names the
/// repository of the commit, and a test run names its own target folder.
fn isolate(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let outer =
            ["GIT_", "CARGO_TARGET", "CARGO_BUILD", "CARGO_MAKE", "MAKE", "MFLAGS", "RUSTC_"];
        if outer.iter().any(|start| name.starts_with(start)) {
            command.env_remove(&*name);
        }
    }
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("CARGO_NET_OFFLINE", "true").env("CARGO_TERM_COLOR", "never").env("LC_ALL", "C");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Ada");
        command.env(format!("GIT_{who}_EMAIL"), "ada@example.org");
    }
}

/// Whether what the demo runs is here.
///
/// # Errors
/// Which programs are missing, what each is for, and how to get them.
pub fn tools(machine: &Machine) -> Result<(), Failure> {
    let needed = [
        ("git", "it writes a history and searches it"),
        ("cargo", "it builds and tests each version"),
        ("cc", "it links them"),
    ];
    let missing: Vec<String> = needed
        .iter()
        .filter(|(program, _)| machine.program(program).is_none())
        .map(|(program, why)| format!("`{program}` ({why})"))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("not on the PATH: {}. `make doctor` tells how to get it.", missing.join(", "))
        .into())
}
