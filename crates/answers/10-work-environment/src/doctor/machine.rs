//! What the checks look at: folders of programs, settings, and readings of the system.

use std::env;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use foundation::config::Config;
use local_services::Search;
use rustix::process::{Resource, getrlimit};
use secrecy::SecretString;

/// A machine to check: [`Machine::here`] in earnest, one with gaps in tests and in the demo.
#[derive(Debug)]
pub struct Machine {
    /// Folders that programs are looked for in, as in `PATH`.
    pub path: Vec<PathBuf>,
    /// Whether server programs are also looked for where packages put them.
    pub usual_places: bool,
    /// The project's folder, where this runs in a checkout.
    pub root: Option<PathBuf>,
    /// `DATABASE_URL`.
    pub database_url: Option<SecretString>,
    /// `REDIS_URL`.
    pub redis_url: Option<SecretString>,
    /// Ports that the server tries.
    pub ports: Range<u16>,
    /// What the system says about itself.
    pub readings: Readings,
}

/// Numbers that the system gives; `None` where it does not tell.
#[derive(Clone, Debug)]
pub struct Readings {
    /// Bytes free where the project lies.
    pub free_disk: Option<u64>,
    /// Bytes of memory that this process may use, a container's limit included.
    pub memory: Option<u64>,
    /// How many files a process may open once it asks; `None` is no limit.
    pub open_files: Option<u64>,
    /// What the clock shows.
    pub now: SystemTime,
    /// When the newest commit was made: no clock that is right is before it.
    pub newest_commit: Option<SystemTime>,
}

impl Machine {
    /// This machine, as this process sees it.
    #[must_use]
    pub fn here() -> Self {
        let path = env::var_os("PATH").unwrap_or_default();
        let root = evidence::workspace::root();
        // Where scripts/setup.sh puts tools that are built from source.
        let tools = root.iter().map(|root| root.join(".local/tools/bin"));
        let secret = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let mut machine = Self {
            path: env::split_paths(&path).chain(tools).collect(),
            usual_places: true,
            root: root.clone(),
            database_url: secret("DATABASE_URL").map(SecretString::from),
            redis_url: secret("REDIS_URL").map(SecretString::from),
            ports: Config::DEFAULT_PORTS,
            readings: Readings {
                free_disk: None,
                memory: memory(),
                open_files: getrlimit(Resource::Nofile).maximum,
                now: SystemTime::now(),
                newest_commit: None,
            },
        };
        machine.readings.free_disk = machine.free_disk();
        machine.readings.newest_commit = machine.newest_commit();
        machine
    }

    /// Where server programs are looked for.
    pub(super) fn search(&self) -> Search {
        if self.usual_places { Search::system() } else { Search::only(&self.path) }
    }

    /// The first program of this name in the path.
    #[must_use]
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        self.path.iter().map(|folder| folder.join(name)).find(|file| is_program(file))
    }

    /// What a program prints on success, trimmed; its standard error where it prints nothing else.
    pub(super) fn said_by(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let mut command = Command::new(self.program(program)?);
        command.args(arguments).stdin(Stdio::null());
        if let Some(root) = &self.root {
            command.current_dir(root);
        }
        let output = command.output().ok().filter(|output| output.status.success())?;
        let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
        Some(String::from_utf8_lossy(&said).trim().to_owned())
    }

    /// `df` instead of a system call: the standard library has none, and POSIX fixes this output.
    fn free_disk(&self) -> Option<u64> {
        let text = self.said_by("df", &["-Pk", "."])?;
        let kibibytes: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
        Some(kibibytes * 1024)
    }

    fn newest_commit(&self) -> Option<SystemTime> {
        self.root.as_ref()?;
        let seconds = self.said_by("git", &["log", "-1", "--format=%ct"])?.parse().ok()?;
        Some(UNIX_EPOCH + Duration::from_secs(seconds))
    }
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// A container's limit goes before what the machine has (cgroup v2: `memory.max`).
fn memory() -> Option<u64> {
    let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let limit = limit.and_then(|text| text.trim().parse().ok());
    let all = Some(evidence::Machine::here().memory_bytes).filter(|bytes| *bytes > 0);
    limit.into_iter().chain(all).min()
}
