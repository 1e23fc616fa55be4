use std::io;
use std::path::{Path, PathBuf};

/// Why a service could not be provided. Every message ends with the next step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No PostgreSQL server binaries on this machine.
    #[error("PostgreSQL's server programs (postgres, initdb) were not found.\n{hint}")]
    PostgresMissing {
        /// How to install them here.
        hint: String,
    },
    /// Only versions below [`crate::MINIMUM_POSTGRES`] are installed.
    #[error(
        "PostgreSQL {found} in {bin} is too old: {} or newer is needed.\n{hint}",
        crate::MINIMUM_POSTGRES
    )]
    PostgresTooOld {
        /// The newest version found.
        found: String,
        /// Its folder.
        bin: PathBuf,
        /// How to install a newer one here.
        hint: String,
    },
    /// No Redis or Valkey server binary on this machine.
    #[error("redis-server (or valkey-server) was not found.\n{hint}")]
    RedisMissing {
        /// How to install it here.
        hint: String,
    },
    /// Run by root, and there is no account to run the server as.
    #[error(
        "PostgreSQL refuses to run as root, and this system has no `postgres` account. \
         Create one (`useradd --system postgres`) or run as an ordinary user."
    )]
    NoServerAccount,
    /// A folder that ought to be ours belongs to somebody else.
    #[error(
        "{path} belongs to another user (uid {owner}, expected {expected}). \
         Run as that user, or delete the folder if nobody needs it."
    )]
    NotOurs {
        /// The folder.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who should.
        expected: u32,
    },
    /// Run by root, and no folder is reachable for the `postgres` account.
    #[error(
        "the `postgres` account can use none of these folders: {tried}. \
         Make one of them reachable, or run as an ordinary user."
    )]
    NoReachableFolder {
        /// The folders tried.
        tried: String,
    },
    /// The project path cannot be written into a URL or a state file.
    #[error(
        "{path:?} is not valid UTF-8 or holds a line break. \
         Move the project, or set SHOW_YOUR_WORK_HOME to another folder."
    )]
    OddPath {
        /// The path.
        path: PathBuf,
    },
    /// The data were made by another major version; they are left untouched.
    #[error(
        "{data} was made by PostgreSQL {made_by}, but only {installed} is installed. \
         Install PostgreSQL {made_by}, or run `make reset` to delete this project's data."
    )]
    OtherVersion {
        /// The data folder.
        data: PathBuf,
        /// The version that made it, as `PG_VERSION` says.
        made_by: String,
        /// The versions installed.
        installed: String,
    },
    /// Something this project did not start answers where the server should.
    #[error(
        "{path} is in use by {by}, which this project did not start. \
         Stop that process, or set SHOW_YOUR_WORK_HOME to another folder."
    )]
    InUse {
        /// The socket or data folder.
        path: PathBuf,
        /// What is known of the process.
        by: String,
    },
    /// Another process held the start-up lock for too long.
    #[error(
        "waited {seconds} s for process {holder}, which is starting or stopping the service \
         (lock {path}). Try again, or end that process (`kill {holder}`)."
    )]
    LockTimeout {
        /// The lock file.
        path: PathBuf,
        /// The process id of who holds it.
        holder: String,
        /// How long was waited.
        seconds: u64,
    },
    /// `initdb` failed.
    #[error("initdb could not make {data}:\n{output}\nFix the cause above and try again.")]
    InitFailed {
        /// The folder it should have made.
        data: PathBuf,
        /// What it printed.
        output: String,
    },
    /// The server ended during start-up.
    #[error(
        "{service} ended while starting ({status}). The end of {log}:\n{tail}\n\
         Fix the cause above; when the data are expendable, `make reset` starts afresh."
    )]
    StartFailed {
        /// `postgres` or `redis`.
        service: &'static str,
        /// Its exit status.
        status: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },
    /// The server runs but does not answer.
    #[error(
        "{service} (process {pid}) did not answer within {seconds} s; its log is {log}. \
         Read the log, then try again or run `local-services stop`."
    )]
    NotReady {
        /// `postgres` or `redis`.
        service: &'static str,
        /// Its process.
        pid: u32,
        /// How long was waited.
        seconds: u64,
        /// Its log.
        log: PathBuf,
    },
    /// The server does not stop.
    #[error("{service} (process {pid}) does not stop. Run `kill -9 {pid}`, then try again.")]
    WillNotStop {
        /// `postgres` or `redis`.
        service: &'static str,
        /// Its process.
        pid: u32,
    },
    /// The data need a password (TCP) whose file is gone.
    #[error(
        "{path} is missing, so nobody can log in to the existing data over TCP. \
         Restore the file, move the project to a shorter path, or run `make reset`."
    )]
    PasswordLost {
        /// The password file.
        path: PathBuf,
    },
    /// The operating system refused something.
    #[error("cannot {action} {path}: {source}. Check its permissions and free disk space.")]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On which file, folder or program.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_path_buf(), source }
    }
}
