//! Private PostgreSQL and Redis, started from the machine's own binaries and shared by every
//! process of one project that asks for the same [`Purpose`].
//!
//! [`Postgres::acquire`] starts the server or attaches to the running one; dropping the value
//! lets go, and the last one out stops it, also after `kill -9`.
//!
//! Reading order: `postgres` (what a caller gets) → `lease` (sharing) → `guardian.sh` (stopping)
//! → `cluster` and `settings` (the data and how it runs) → `account` (root) → `find`, `install`.

mod account;
mod cluster;
mod desk;
mod endpoint;
mod error;
mod find;
pub mod fleet;
mod install;
mod layout;
mod lease;
mod manage;
mod postgres;
mod process;
mod redis;
mod server_url;
mod settings;

use std::fmt;
use std::path::{Path, PathBuf};

pub use error::Error;
pub use find::{
    Installation, MINIMUM_POSTGRES, Search, find_postgres, find_postgres_in, find_redis,
    find_redis_in,
};
pub use install::{Package, install_hint};
pub use manage::{Status, reset, status, stop, would_delete};
pub use postgres::Postgres;
pub use process::{Signal, send_signal};
pub use redis::Redis;
pub use server_url::{redis_url, server_url};

/// What the services are for; each purpose has data and settings of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Purpose {
    /// Durable settings; the data are meant to stay.
    Serve,
    /// Fast settings: a power cut may lose the data, which tests do not mind.
    Test,
    /// Durable settings, as what is measured gets quoted, and room for bulk loads of millions of rows.
    Demo,
}

impl Purpose {
    /// Every purpose, in the order `status` prints them.
    pub const ALL: [Self; 3] = [Self::Serve, Self::Test, Self::Demo];

    /// The folder name under `.local/`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Test => "test",
            Self::Demo => "demo",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The folder that gets `.local/`: `SHOW_YOUR_WORK_HOME` when set and not empty, else the nearest
/// ancestor of the current folder whose `Cargo.toml` has a `[workspace]`, else the current folder.
///
/// # Errors
/// [`Error::Io`] when the current folder no longer exists.
pub fn project_root() -> Result<PathBuf, Error> {
    if let Some(home) = std::env::var_os("SHOW_YOUR_WORK_HOME").filter(|home| !home.is_empty()) {
        return Ok(PathBuf::from(home));
    }
    let here = std::env::current_dir().map_err(|e| Error::io("find", Path::new("."), e))?;
    let workspace = here.ancestors().find(|dir| is_workspace(dir)).map(Path::to_path_buf);
    Ok(workspace.unwrap_or(here))
}

fn is_workspace(dir: &Path) -> bool {
    std::fs::read_to_string(dir.join("Cargo.toml"))
        .is_ok_and(|manifest| manifest.lines().any(|line| line.trim() == "[workspace]"))
}
