//! A project folder of its own for every test, and a few questions to ask of processes.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use local_services::{Postgres, Purpose, reset};

/// A temporary project; its services are stopped and its data deleted at the end.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// In `/tmp`, because the system's temporary folder is too long for a socket on macOS.
    pub(crate) fn new() -> Self {
        Self::below(Path::new("/tmp"))
    }

    pub(crate) fn below(parent: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("ls").tempdir_in(parent).unwrap();
        // Enterable by the `postgres` account, in case root runs the tests.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn postgres(&self) -> Postgres {
        Postgres::acquire(self.path(), Purpose::Test).unwrap()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path().join(".local/test/postgres/.s.PGSQL.5432")
    }

    /// The crate's program, working in this project.
    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local-services"));
        command.args(arguments).env("SHOW_YOUR_WORK_HOME", self.path());
        command.env_remove("DATABASE_URL").env_remove("REDIS_URL");
        command
    }

    /// A process that holds PostgreSQL until its standard input is closed.
    pub(crate) fn holder(&self) -> Holder {
        let mut child = self
            .program(&["run", "--", "sh", "-c", "echo ready; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Holder { child }
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        for purpose in Purpose::ALL {
            if let Err(error) = reset(self.path(), purpose) {
                eprintln!("{error}");
            }
        }
    }
}

pub(crate) struct Holder {
    child: Child,
}

impl Holder {
    /// Ends it in the ordinary way and waits.
    pub(crate) fn finish(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }

    /// `kill -9`, which leaves it no chance to clean up.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// One value, through the `psql` beside the server.
pub(crate) fn ask(postgres: &Postgres, query: &str) -> String {
    ask_url(postgres.bin_dir(), postgres.url(), query).unwrap()
}

pub(crate) fn ask_url(bin: &Path, url: &str, query: &str) -> Result<String, String> {
    let output = Command::new(bin.join("psql")).args(["-XAtc", query, url]).output().unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

/// Whether a process lives; a zombie does not.
pub(crate) fn is_alive(pid: u32) -> bool {
    let script = r#"if [ -r /proc/self/stat ]; then s=$(cat /proc/$0/stat 2>/dev/null); else
        s=") $(ps -o stat= -p $0)"; fi; case ${s##*) } in ''|Z*) exit 1;; esac"#;
    Command::new("sh").args(["-c", script, &pid.to_string()]).status().unwrap().success()
}

/// Waits for something that another process does in its own time.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "did not happen: {what}");
        sleep(Duration::from_millis(20));
    }
}

pub(crate) fn am_root() -> bool {
    let probe = tempfile::tempfile().unwrap();
    probe.metadata().unwrap().uid() == 0
}
