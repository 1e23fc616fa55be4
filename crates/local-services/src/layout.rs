//! Where everything of one purpose lies:
//!
//! ```text
//! <root>/.local/test/                 owned by whoever runs the project
//!   postgres.running  redis.running   the server: process, address, version
//!   postgres.users/   redis.users/    one file per holder
//!   postgres.log      redis.log       what the servers print; .old is the previous run
//!   postgres.password                 for TCP only
//!   postgres/                         0700, the server's account: socket and data/
//!   redis/                            0700: socket and data
//! <root>/.local/test-postgres.lock    beside it, so that `reset` never deletes a held lock
//! ```

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::account::current_uid;
use crate::desk::Desk;
use crate::{Error, Purpose};

/// The folder of one purpose.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// The project, as an absolute path without symbolic links.
    pub(crate) root: PathBuf,
    /// Whose folder this is.
    pub(crate) purpose: Purpose,
}

impl Layout {
    /// Resolves the root, so that two spellings of one folder share one server.
    pub(crate) fn new(root: &Path, purpose: Purpose) -> Result<Self, Error> {
        let root = root.canonicalize().map_err(|e| Error::io("open", root, e))?;
        match root.to_str() {
            Some(text) if !text.contains(['\n', '\r']) => Ok(Self { root, purpose }),
            _ => Err(Error::OddPath { path: root }),
        }
    }

    /// Makes the folder. 0711 instead of 0700, because under root the `postgres` account has to
    /// pass through; what is private in it has modes of its own.
    pub(crate) fn create(&self) -> Result<(), Error> {
        let home = self.home();
        make_folder(&self.local(), 0o755)?;
        make_folder(&home, 0o711)?;
        check_owner(&home, current_uid()?)
    }

    pub(crate) fn local(&self) -> PathBuf {
        self.root.join(".local")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.local().join(self.purpose.as_str())
    }

    /// The bookkeeping of one service.
    pub(crate) fn desk(&self, service: &'static str) -> Desk {
        let lock = self.local().join(format!("{}-{service}.lock", self.purpose));
        Desk::new(self.home(), lock, service)
    }

    pub(crate) fn password_file(&self) -> PathBuf {
        self.home().join("postgres.password")
    }

    /// Names this project outside its folder. FNV-1a instead of std's hasher, whose result may
    /// differ between Rust versions.
    pub(crate) fn name_elsewhere(&self) -> String {
        let start = 0xcbf2_9ce4_8422_2325_u64;
        let hash = self
            .root
            .as_os_str()
            .as_encoded_bytes()
            .iter()
            .fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        format!("show-your-work-{hash:016x}-{}", self.purpose)
    }
}

/// Makes a folder unless it exists.
pub(crate) fn make_folder(path: &Path, mode: u32) -> Result<(), Error> {
    match fs::DirBuilder::new().mode(mode).create(path) {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map_err(|e| Error::io("create", path, e)),
    }
}

/// Refuses a folder that somebody else made, or a symbolic link in its place.
pub(crate) fn check_owner(path: &Path, expected: u32) -> Result<(), Error> {
    let found = fs::symlink_metadata(path).map_err(|e| Error::io("inspect", path, e))?;
    if found.is_dir() && found.uid() == expected {
        return Ok(());
    }
    Err(Error::NotOurs { path: path.to_path_buf(), owner: found.uid(), expected })
}

/// Deletes a file or folder that may be absent.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(e) => Err(e),
    };
    match removed {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io("delete", path, e)),
        _ => Ok(()),
    }
}
