//! What all steps share: where things are, how they are started, and who asks.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::http::Http;
use crate::process::{Processes, Running};

/// One run of this program.
pub(crate) struct Run {
    pub(crate) processes: Processes,
    pub(crate) http: Http,
    /// The project.
    pub(crate) root: PathBuf,
    /// The server under test, in the release build.
    pub(crate) backend: PathBuf,
    /// Where this run keeps its servers' data and logs, away from the reader's own.
    pub(crate) folder: PathBuf,
}

impl Run {
    /// Starts a child whose output goes to a log of this name.
    pub(crate) fn start(&self, name: &str, command: &mut Command) -> Outcome<Running> {
        let log = File::options().create(true).append(true).open(self.log(name))?;
        self.processes.start(command.stdout(log.try_clone()?).stderr(log))
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{name}.log"))
    }

    /// Adds the end of a log to an error, as that is where the cause stands.
    pub(crate) fn explain<T>(&self, name: &str, outcome: Outcome<T>) -> Outcome<T> {
        outcome.map_err(|error| {
            let log = self.log(name);
            let text = fs::read_to_string(&log).unwrap_or_default();
            let lines: Vec<&str> = text.lines().rev().take(12).collect();
            let tail: Vec<&str> = lines.into_iter().rev().collect();
            let told = format!("{name}: {error}\n{}\n(see {})", tail.join("\n"), log.display());
            if error.is::<crate::process::Interrupted>() { error } else { told.into() }
        })
    }

    /// A program of a package that need not be on the PATH of everybody, as `/usr/sbin` is not.
    pub(crate) fn program(&self, name: &str) -> Outcome<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let usual = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin", "/opt/homebrew/sbin"];
        std::env::split_paths(&path)
            .chain(usual.into_iter().map(PathBuf::from))
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
            .ok_or_else(|| format!("{name} is not installed. Run: scripts/setup.sh scale").into())
    }

    /// A file of the project.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

/// Runs a command by the account that a folder belongs to: PostgreSQL and PgBouncer refuse root.
pub(crate) fn as_owner_of(folder: &Path, command: &mut Command) -> Outcome<()> {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::process::CommandExt;
    let owner = fs::metadata(folder)?;
    command.uid(owner.uid()).gid(owner.gid());
    Ok(())
}

/// Makes an empty folder below one of another account, for that account.
pub(crate) fn folder_beside(data: &Path, name: &str) -> Outcome<PathBuf> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let parent = data.parent().ok_or("data in no folder")?;
    let folder = parent.join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    let owner = fs::metadata(data)?;
    chown(&folder, Some(owner.uid()), Some(owner.gid()))?;
    Ok(folder)
}
