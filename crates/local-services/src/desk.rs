//! The bookkeeping of one service: start-up lock, list of holders, record of the running server.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Error;
use crate::endpoint::Endpoint;
use crate::layout::remove;
use crate::process::born;

/// How long to wait for another process that starts or stops the same service.
const LOCK_PATIENCE: Duration = Duration::from_secs(120);

/// A running server, as `<service>.running` records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// Its process id.
    pub(crate) pid: u32,
    /// When that process started; with the id it never names another process.
    pub(crate) born: String,
    pub(crate) endpoint: Endpoint,
    pub(crate) version: String,
    /// The folder of its programs.
    pub(crate) bin: PathBuf,
    /// The folder of its data.
    pub(crate) data: PathBuf,
}

/// Where the bookkeeping of one service lies.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    pub(crate) home: PathBuf,
    lock: PathBuf,
    pub(crate) service: &'static str,
}

impl Desk {
    pub(crate) fn new(home: PathBuf, lock: PathBuf, service: &'static str) -> Self {
        Self { home, lock, service }
    }

    pub(crate) fn users(&self) -> PathBuf {
        self.file("users")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.file("log")
    }

    fn file(&self, ending: &str) -> PathBuf {
        self.home.join(format!("{}.{ending}", self.service))
    }

    /// One process at a time starts, attaches or resets. A file lock, because the kernel lets go
    /// of it however the process ends, and children do not inherit it.
    pub(crate) fn lock(&self) -> Result<File, Error> {
        self.lock_within(LOCK_PATIENCE)
    }

    fn lock_within(&self, patience: Duration) -> Result<File, Error> {
        let failed = |e| Error::io("lock", &self.lock, e);
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&self.lock)
            .map_err(failed)?;
        let deadline = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => {
                    // For whoever waits in vain. It stays when it is let go, which does no harm.
                    file.set_len(0).map_err(failed)?;
                    write!(file, "{}", std::process::id()).map_err(failed)?;
                    return Ok(file);
                }
                Err(TryLockError::Error(e)) => return Err(failed(e)),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    let _ = file.read_to_string(&mut holder);
                    let (path, seconds) = (self.lock.clone(), patience.as_secs());
                    return Err(Error::LockTimeout { path, holder, seconds });
                }
            }
        }
    }

    /// Lists this holder beside others; `None` when the last guardian has closed the list,
    /// which means that it stops the server.
    pub(crate) fn join(&self) -> Result<Option<String>, Error> {
        let user = next_user();
        let path = self.users().join(&user);
        match File::create(&path) {
            Ok(_) => Ok(Some(user)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io("create", &path, e)),
        }
    }

    /// A new list with this holder alone. Renamed into place, so that a late guardian of the
    /// previous server never meets it empty and closes it.
    pub(crate) fn open_users(&self) -> Result<String, Error> {
        let (users, fresh) = (self.users(), self.file("users.new"));
        self.close_users()?;
        remove(&fresh)?;
        let user = next_user();
        fs::create_dir(&fresh)
            .and_then(|()| File::create(fresh.join(&user)).map(drop))
            .and_then(|()| fs::rename(&fresh, &users))
            .map_err(|e| Error::io("create", &users, e))?;
        Ok(user)
    }

    pub(crate) fn close_users(&self) -> Result<(), Error> {
        remove(&self.users())
    }

    /// How many holders are listed.
    pub(crate) fn count_users(&self) -> usize {
        fs::read_dir(self.users()).map_or(0, |entries| entries.filter_map(Result::ok).count())
    }

    /// The recorded server, when it is still the same live process.
    pub(crate) fn running(&self) -> Result<Option<Server>, Error> {
        let path = self.file("running");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("read", &path, e)),
        };
        let Some(server) = Server::parse(&text) else { return Ok(None) };
        let alive = born(server.pid)?.as_ref() == Some(&server.born);
        Ok(Some(server).filter(|_| alive))
    }

    /// Records the server; it may hold a password, so only its owner reads it.
    pub(crate) fn record(&self, server: &Server) -> Result<(), Error> {
        let path = self.file("running");
        write_private(&path, &server.to_text())
    }

    /// A log for the next run; the previous one is kept as `.old`, so it cannot grow for ever.
    pub(crate) fn open_log(&self) -> Result<File, Error> {
        let log = self.log();
        let _ = fs::rename(&log, self.file("log.old"));
        let mut options = File::options();
        options.create(true).append(true).mode(0o600);
        options.open(&log).map_err(|e| Error::io("create", &log, e))
    }

    /// The last lines of the log, for error messages.
    pub(crate) fn log_tail(&self) -> String {
        let text = fs::read(self.log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

/// Writes a file that only its owner may read, in one step.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), Error> {
    let fresh = path.with_extension("new");
    let failed = |e| Error::io("write", path, e);
    remove(&fresh)?;
    let mut file =
        File::options().create_new(true).write(true).mode(0o600).open(&fresh).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| fs::rename(&fresh, path)).map_err(failed)
}

fn next_user() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

impl Server {
    fn to_text(&self) -> String {
        let endpoint = match &self.endpoint {
            Endpoint::Socket(path) => format!("socket={}", path.display()),
            Endpoint::Tcp { port, password } => format!("port={port}\npassword={password}"),
        };
        let Self { pid, born, version, .. } = self;
        let (bin, data) = (self.bin.display(), self.data.display());
        format!("pid={pid}\nborn={born}\nversion={version}\nbin={bin}\ndata={data}\n{endpoint}\n")
    }

    /// `None` for a record of another make; its server is then treated as not ours.
    fn parse(text: &str) -> Option<Self> {
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
                .map(str::to_owned)
        };
        let endpoint = match field("socket") {
            Some(path) => Endpoint::Socket(path.into()),
            None => {
                Endpoint::Tcp { port: field("port")?.parse().ok()?, password: field("password")? }
            }
        };
        Some(Self {
            pid: field("pid")?.parse().ok()?,
            born: field("born")?,
            endpoint,
            version: field("version")?,
            bin: field("bin")?.into(),
            data: field("data")?.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_for_the_lock_in_vain_is_told_who_holds_it() {
        let home = tempfile::tempdir().unwrap();
        let lock = home.path().join("test-postgres.lock");
        let desk = Desk::new(home.path().to_owned(), lock, "postgres");
        let held = desk.lock().unwrap();

        let error = desk.lock_within(Duration::from_millis(50)).unwrap_err().to_string();

        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        assert!(error.contains("kill"), "it names the next step: {error}");
        drop(held);
        desk.lock_within(Duration::ZERO).unwrap();
    }
}
