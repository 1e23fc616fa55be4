//! A process that ends with its holder.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::Error;
use crate::account::Account;
use crate::process::{Signal, send_signal};

/// Waits for the end of its input, which is the end of its holder; then ends the server, and takes
/// its folder away unless told to keep it. A server that hangs is let go on first.
const GUARD: &str = r#"folder=$1 signal=$2; shift 2
"$@" >>"$folder/log" 2>&1 </dev/null & server=$!
echo $server
read -r word
kill -s "$signal" $server 2>/dev/null; kill -s CONT $server 2>/dev/null
wait $server
[ "$word" = keep ] || rm -rf "$folder""#;

/// A server in a folder of its own. Stops when dropped.
#[derive(Debug)]
pub struct Kept {
    guard: Child,
    pid: u32,
    folder: PathBuf,
}

impl Kept {
    /// Makes a folder that `account` owns, short enough for a socket.
    pub(super) fn folder(name: &str, account: Account) -> Result<PathBuf, Error> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = PathBuf::from(format!("/tmp/syw-{name}-{}-{serial}", std::process::id()));
        // A process of this number may have died and left one behind.
        let _ = std::fs::remove_dir_all(&path);
        account.claim(&path)?;
        Ok(path)
    }

    /// Starts a program with these arguments; `signal` is what ends it.
    pub(super) fn start(
        account: Account,
        folder: &Path,
        signal: &str,
        program: &Path,
        arguments: &[String],
    ) -> Result<Self, Error> {
        let failed = |e| Error::io("run", program, e);
        let mut guard = account
            .command(Path::new("/bin/sh"))
            .args(["-c", GUARD, "guard"])
            .arg(folder)
            .arg(signal)
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let mut line = String::new();
        if let Some(output) = guard.stdout.take() {
            BufReader::new(output).read_line(&mut line).map_err(failed)?;
        }
        let pid = line.trim().parse();
        let pid = pid.map_err(|_| failed(std::io::Error::other("it has no process id")))?;
        Ok(Self { guard, pid, folder: folder.to_owned() })
    }

    /// The process id of the server.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Hangs it, lets it go on, or ends it.
    ///
    /// # Errors
    /// As [`send_signal`].
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        send_signal(self.pid, signal)
    }

    /// What it printed.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Ends it, and leaves its folder for the next one.
    pub(super) fn end_keeping(mut self) {
        if let Some(stdin) = self.guard.stdin.as_mut() {
            let _ = stdin.write_all(b"keep\n");
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// Runs a program of the same account to its end.
pub(super) fn run(account: Account, program: &Path, arguments: &[&str]) -> Result<(), Error> {
    let mut command: Command = account.command(program);
    let output = command.args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|e| Error::io("run", program, e))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::io("run", program, std::io::Error::other(said)))
}
