//! The data folder of a private PostgreSQL: made by `initdb`, checked before every start.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use crate::account::Account;
use crate::endpoint::is_listening;
use crate::layout::remove;
use crate::process::{arguments, born};
use crate::{Error, Installation, Purpose};

/// One data folder and who runs it.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    /// 0700 and the account's; holds the socket and `data/`.
    pub(crate) folder: PathBuf,
    pub(crate) account: Account,
    pub(crate) purpose: Purpose,
}

impl Cluster {
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    /// The installation that fits the data; any version when there are none yet.
    pub(crate) fn choose(&self, mut installed: Vec<Installation>) -> Result<Installation, Error> {
        if !self.is_complete() {
            return Ok(installed.remove(0));
        }
        let path = self.data().join("PG_VERSION");
        let made_by = fs::read_to_string(&path).map_err(|e| Error::io("read", &path, e))?;
        let made_by = made_by.trim().to_owned();
        if let Some(fits) = installed.iter().find(|one| one.major.to_string() == made_by) {
            return Ok(fits.clone());
        }
        let mut installed: Vec<String> = installed.into_iter().map(|one| one.version).collect();
        // One version may be found in two places, and the order does not matter here.
        installed.sort();
        installed.dedup();
        Err(Error::OtherVersion { data: self.data(), made_by, installed: installed.join(", ") })
    }

    /// `initdb` writes `PG_VERSION` first and `pg_control` late; a server needs both.
    pub(crate) fn is_complete(&self) -> bool {
        ["PG_VERSION", "global/pg_control"].iter().all(|file| self.data().join(file).exists())
    }

    /// Makes the data folder. `initdb` works beside it and the result is renamed into place, so
    /// that a folder called `data` is never half made by us.
    pub(crate) fn initialise(&self, postgres: &Installation, password: &str) -> Result<(), Error> {
        self.clear_incomplete()?;
        let fresh = self.folder.join(format!("data.new-{}", std::process::id()));
        let password_file = self.write_password(password)?;
        let made = self.initdb(postgres, &fresh, &password_file, "C.UTF-8").or_else(|first| {
            // Some systems (older macOS, some minimal images) have no C.UTF-8.
            let Error::InitFailed { output, .. } = &first else { return Err(first) };
            if output.contains("locale") {
                remove(&fresh)?;
                return self.initdb(postgres, &fresh, &password_file, "C");
            }
            Err(first)
        });
        remove(&password_file)?;
        made?;
        fs::rename(&fresh, self.data()).map_err(|e| Error::io("rename", &fresh, e))
    }

    /// Leftovers of an `initdb` that was killed. What should last is set aside, not deleted.
    fn clear_incomplete(&self) -> Result<(), Error> {
        let entries = fs::read_dir(&self.folder).map_err(|e| Error::io("list", &self.folder, e))?;
        for entry in entries.filter_map(Result::ok) {
            if entry.file_name().to_string_lossy().starts_with("data.new-") {
                // An orphaned initdb may still write there; the next start tries again.
                let _ = remove(&entry.path());
            }
        }
        let data = self.data();
        if self.purpose != Purpose::Serve || !data.exists() {
            return remove(&data);
        }
        let aside = self.folder.join("data.incomplete");
        remove(&aside)?;
        fs::rename(&data, &aside).map_err(|e| Error::io("rename", &data, e))
    }

    /// A file instead of an argument, which every local user could read in the process list.
    fn write_password(&self, password: &str) -> Result<PathBuf, Error> {
        let path = self.folder.join("password.new");
        let failed = |e| Error::io("write", &path, e);
        remove(&path)?;
        let mut options = fs::File::options();
        let mut file =
            options.create_new(true).write(true).mode(0o600).open(&path).map_err(failed)?;
        file.write_all(password.as_bytes()).map_err(failed)?;
        if let Some(group) = self.account.switch_to_group {
            fchown(&file, Some(self.account.uid), Some(group)).map_err(failed)?;
        }
        Ok(path)
    }

    /// Trust is for the socket alone, which lies in a folder closed to others.
    fn initdb(
        &self,
        postgres: &Installation,
        data: &Path,
        password_file: &Path,
        locale: &str,
    ) -> Result<(), Error> {
        let program = postgres.bin.join("initdb");
        let mut initdb = self.account.command(&program);
        initdb.arg("--pgdata").arg(data).arg("--pwfile").arg(password_file);
        initdb.args(["--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256"]);
        initdb.args(["--encoding=UTF8", &format!("--locale={locale}"), "--no-instructions"]);
        if self.purpose != Purpose::Serve {
            initdb.arg("--no-sync");
        }
        let output =
            initdb.stdin(Stdio::null()).output().map_err(|e| Error::io("run", &program, e))?;
        if output.status.success() {
            return Ok(());
        }
        let output = [output.stdout, output.stderr].concat();
        let output = String::from_utf8_lossy(&output).trim().to_owned();
        Err(Error::InitFailed { data: self.data(), output })
    }

    /// Makes sure that no other server uses the data or the socket, and clears what a dead one
    /// left behind.
    pub(crate) fn ensure_free(&self) -> Result<(), Error> {
        // A starter that was killed has a guardian that stops its server within this time.
        let mut turns = 50;
        while let Some(pid) = self.live_postmaster()? {
            if turns == 0 {
                let by = format!("the PostgreSQL server with process id {pid}");
                return Err(Error::InUse { path: self.data(), by });
            }
            turns -= 1;
            sleep(Duration::from_millis(100));
        }
        let socket = self.socket();
        if is_listening(&socket) {
            return Err(Error::InUse { path: socket, by: "another server".to_owned() });
        }
        // PostgreSQL replaces these itself unless their process id has been reused.
        remove(&socket)?;
        remove(&self.folder.join(".s.PGSQL.5432.lock"))
    }

    /// The process named by `postmaster.pid`, when it really is a server on these data. The file
    /// of a dead process stays: PostgreSQL reads in it whether old memory is still attached.
    pub(crate) fn live_postmaster(&self) -> Result<Option<u32>, Error> {
        let path = self.data().join("postmaster.pid");
        let Ok(text) = fs::read_to_string(&path) else { return Ok(None) };
        let Some(pid) = text.lines().next().and_then(|line| line.trim().parse().ok()) else {
            return Ok(None);
        };
        if born(pid)?.is_none() {
            return Ok(None);
        }
        if self.is_postmaster(pid)? {
            return Ok(Some(pid));
        }
        remove(&path)?;
        Ok(None)
    }

    /// A process id may have been reused, even by a PostgreSQL of somebody else. Where the
    /// working folder cannot be read (macOS), any PostgreSQL counts, to be on the safe side.
    fn is_postmaster(&self, pid: u32) -> Result<bool, Error> {
        let arguments = arguments(pid)?;
        let program = arguments.split([' ', ':']).next().unwrap_or_default();
        if !matches!(program.rsplit('/').next(), Some("postgres" | "postmaster")) {
            return Ok(false);
        }
        Ok(match fs::read_link(format!("/proc/{pid}/cwd")) {
            Ok(folder) => folder == self.data(),
            Err(_) => true,
        })
    }
}
