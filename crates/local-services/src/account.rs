//! The account the PostgreSQL server runs as, and a folder it can reach.
//!
//! PostgreSQL refuses root, so root runs it as `postgres`. That account often cannot enter the
//! project (a home closed to others), and then the data go to a folder outside it.

use std::os::unix::fs::{MetadataExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;
use crate::layout::{Layout, check_owner, make_folder};

/// Who runs a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    /// `Some` when the process has to change to this account first.
    pub(crate) switch_to_group: Option<u32>,
}

impl Account {
    /// Ourselves, or `postgres` for root.
    pub(crate) fn for_postgres() -> Result<Self, Error> {
        let uid = current_uid()?;
        if uid != 0 {
            return Ok(Self { uid, switch_to_group: None });
        }
        match (id(&["-u", "postgres"])?, id(&["-g", "postgres"])?) {
            (Some(uid), Some(gid)) if uid != 0 => Ok(Self { uid, switch_to_group: Some(gid) }),
            _ => Err(Error::NoServerAccount),
        }
    }

    /// A command run by this account, from a folder every account can enter, in a process group
    /// of its own, so that Ctrl-C in the terminal reaches the holder alone.
    pub(crate) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").process_group(0).env("LC_ALL", "C");
        for variable in ["PGDATA", "PGPORT", "PGHOST", "PGUSER", "PGDATABASE", "PGOPTIONS"] {
            command.env_remove(variable);
        }
        if let Some(gid) = self.switch_to_group {
            command.uid(self.uid).gid(gid);
        }
        command
    }

    /// Whether this account can write there. Asked by trying, instead of computed from mode
    /// bits, because access lists and security modules have a say too.
    fn can_use(self, folder: &Path) -> bool {
        let mut test = self.command(Path::new("/bin/sh"));
        test.args(["-c", "test -w \"$1\" && test -x \"$1\"", "sh"]).arg(folder);
        test.stdin(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// Makes a 0700 folder of this account; refuses one that somebody else made.
    pub(crate) fn claim(self, folder: &Path) -> Result<(), Error> {
        make_folder(folder, 0o700)?;
        // Only a folder of root's is handed over: whoever won a race for the name gets nothing.
        if self.switch_to_group.is_some() && check_owner(folder, 0).is_ok() {
            lchown(folder, Some(self.uid), self.switch_to_group)
                .map_err(|e| Error::io("hand over", folder, e))?;
        }
        check_owner(folder, self.uid)
    }
}

/// The user id this process works as. `id`, because std has no `geteuid`.
pub(crate) fn current_uid() -> Result<u32, Error> {
    id(&["-u"])?.ok_or_else(|| {
        Error::io("run", Path::new("id"), std::io::Error::other("it printed no number"))
    })
}

fn id(arguments: &[&str]) -> Result<Option<u32>, Error> {
    let output = Command::new("id")
        .args(arguments)
        .env("PATH", "/usr/bin:/bin:/run/current-system/sw/bin")
        .stderr(Stdio::null())
        .output()
        .map_err(|e| Error::io("run", Path::new("id"), e))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse().ok())
}

/// The folders that may hold the PostgreSQL data of one purpose, best first. `/var/lib` before
/// `/var/tmp`: nobody but root can make a folder there first, and nothing cleans it up.
pub(crate) fn candidates(layout: &Layout, account: Account) -> Vec<PathBuf> {
    let inside = layout.home().join("postgres");
    if account.switch_to_group.is_none() {
        return vec![inside];
    }
    let name = layout.name_elsewhere();
    vec![inside, Path::new("/var/lib").join(&name), Path::new("/var/tmp").join(&name)]
}

/// The folder for the PostgreSQL data: where data already are, else the first usable one.
pub(crate) fn server_folder(layout: &Layout, account: Account) -> Result<PathBuf, Error> {
    let folders = candidates(layout, account);
    if let [only] = folders.as_slice() {
        account.claim(only)?;
        return Ok(only.clone());
    }
    let existing = folders.iter().filter(|folder| folder.join("data/PG_VERSION").exists());
    for folder in existing.chain(&folders) {
        let parent_exists = folder.parent().is_some_and(Path::is_dir);
        if parent_exists && usable(account, folder)? {
            return Ok(folder.clone());
        }
    }
    let tried: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    Err(Error::NoReachableFolder { tried: tried.join(", ") })
}

/// A folder of somebody else is an error, not a reason to look further: data may be in it.
fn usable(account: Account, folder: &Path) -> Result<bool, Error> {
    let fresh = std::fs::symlink_metadata(folder).is_err();
    match account.claim(folder) {
        Err(stolen @ Error::NotOurs { .. }) => return Err(stolen),
        Err(_) => return Ok(false),
        Ok(()) => {}
    }
    let usable = account.can_use(folder);
    if !usable && fresh {
        let _ = std::fs::remove_dir(folder);
    }
    Ok(usable)
}

/// Whether `folder` belongs to `account`; what does not is never deleted.
pub(crate) fn owns(account: Account, folder: &Path) -> bool {
    std::fs::symlink_metadata(folder)
        .is_ok_and(|found| found.is_dir() && found.uid() == account.uid)
}
