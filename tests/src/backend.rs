//! The backend as a process of its own, to be stopped, starved and killed.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use local_services::{Purpose, redis_url};

use crate::binary;

/// A running `backend serve`; killed when dropped.
#[derive(Debug)]
pub struct Backend {
    process: Child,
    base: String,
}

impl Backend {
    /// Starts it on a free port, on the Redis that all tests share, and waits until it names its address.
    ///
    /// # Errors
    /// When it ends instead; the message is what it said.
    pub fn start(configure: impl FnOnce(&mut Command)) -> io::Result<Self> {
        Self::start_program(&binary::path("backend")?, configure)
    }

    /// As [`Backend::start`], for a program that is built already.
    ///
    /// # Errors
    /// When it ends instead; the message is what it said.
    pub fn start_program(program: &Path, configure: impl FnOnce(&mut Command)) -> io::Result<Self> {
        Self::start_as(Command::new(program), configure)
    }

    /// As [`Backend::start`], by a shell that allows this many open files at first, as many systems do.
    ///
    /// # Errors
    /// When it ends instead; the message is what it said.
    pub fn start_with_descriptors(
        count: u32,
        configure: impl FnOnce(&mut Command),
    ) -> io::Result<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -S -n {count} && exec \"$0\" \"$@\"")]);
        shell.arg(binary::path("backend")?);
        Self::start_as(shell, configure)
    }

    fn start_as(mut command: Command, configure: impl FnOnce(&mut Command)) -> io::Result<Self> {
        command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped());
        // Otherwise it would use, and perhaps start, the one that `make run` uses.
        let cluster = std::env::var("TEST_REDIS_CLUSTER_URL").ok().filter(|url| !url.is_empty());
        let url = match cluster {
            Some(url) => Some(url),
            None => redis_url(Purpose::Test).map_err(io::Error::other)?,
        };
        if let Some(url) = url {
            command.env("REDIS_URL", url);
        }
        configure(&mut command);
        let mut process = command.spawn()?;
        let output = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut output = BufReader::new(output);
        let base = address_in(&mut output)?;
        // Read on, or a full pipe would stop the backend.
        std::thread::spawn(move || output.read_to_end(&mut Vec::new()));
        Ok(Self { process, base })
    }

    /// Where it listens, as `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends a signal by name, such as `TERM`.
    ///
    /// # Errors
    /// When it is gone.
    pub fn signal(&self, name: &str) -> io::Result<()> {
        binary::signal(self.process.id(), name)
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn is_running(&mut self) -> io::Result<bool> {
        Ok(self.process.try_wait()?.is_none())
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.process.wait()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn address_in(output: &mut impl BufRead) -> io::Result<String> {
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        if output.read_line(&mut line)? == 0 {
            return Err(io::Error::other(format!("it ended after: {seen}")));
        }
        seen.push_str(&line);
        let mut words = line.split_whitespace();
        if let Some(address) = words.find(|word| word.starts_with("http://127.0.0.1:")) {
            return Ok(address.trim_end_matches('/').to_owned());
        }
    }
}
