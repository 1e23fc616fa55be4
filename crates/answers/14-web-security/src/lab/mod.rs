//! One small application, built several ways, for attacks to try.
//!
//! Nothing here is mounted in the backend, and the builds with holes can only be bound to loopback.

mod filter;
mod hardened;
mod internal;
mod journal;
mod naive_token;
mod routes;
mod seed;
mod serve;
mod session;
mod store;
mod tempting;
mod vulnerable;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use evidence::Failure;
use foundation::database::Database;
use foundation::rate_limit::RateLimit;
use foundation::scratch::Scratch;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::sync::oneshot;

pub use routes::PATHS;
pub use serve::bind;

use crate::Outbound;
pub(crate) use internal::CREDENTIALS;
use journal::Journal;
pub(crate) use seed::{ADA, GRACE, JUDY, MALLORY, PASSWORDS, SECRET_FILE};
use session::Tokens;

/// A version of the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// What works.
    Vulnerable,
    /// With the fix that comes to mind first.
    Tempting,
    /// With the pieces that the backend is made of.
    Hardened,
    /// The same behind a filter of suspicious words.
    Filtered,
}

impl Build {
    /// Every build, from the one without a lock to the one with a guard at the gate.
    pub const ALL: [Self; 4] = [Self::Vulnerable, Self::Tempting, Self::Hardened, Self::Filtered];
}

/// What the handlers of a build share.
pub(crate) struct Site {
    database: Database,
    url: SecretString,
    /// The files that may be read; what may not lies beside it.
    folder: PathBuf,
    tokens: Tokens,
    journal: Journal,
    outbound: Outbound,
    /// Wrong passwords for each account.
    guesses: RateLimit<String>,
    /// Where the tempting build counts: by what the client says of itself.
    guesses_by_header: RateLimit<String>,
}

/// A running build with data of its own; stops and cleans up when dropped.
pub struct Lab {
    pub(crate) build: Build,
    pub(crate) address: SocketAddr,
    pub(crate) internal: SocketAddr,
    site: Arc<Site>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    // Dropped after the server.
    _folder: TempDir,
    _scratch: Arc<Scratch>,
}

impl std::fmt::Debug for Lab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lab").field("build", &self.build).finish_non_exhaustive()
    }
}

impl Lab {
    /// Starts a build with data of its own in a scratch database.
    ///
    /// # Errors
    /// When the database or a port is not to be had.
    pub fn open(build: Build, scratch: &Arc<Scratch>) -> Result<Self, Failure> {
        let folder = seed::files()?;
        let site = Arc::new(Site::new(seed::tables(scratch)?, &folder)?);
        let (stop, stopped) = oneshot::channel();
        let (thread, addresses) = serve::spawn(build, Arc::clone(&site), stopped)?;
        let serve::Addresses { site: address, internal } = addresses;
        let (stop, thread) = (Some(stop), Some(thread));
        let (_folder, _scratch) = (folder, Arc::clone(scratch));
        Ok(Self { build, address, internal, site, stop, thread, _folder, _scratch })
    }

    /// Where the application listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A session without a password, for whom a build turns away at the door.
    pub(crate) fn let_in(&self, person: i64) -> Result<String, Failure> {
        Ok(format!("Bearer {}", self.site.tokens.issue(person)?))
    }

    /// What it has logged, as somebody who looks after it reads it.
    #[must_use]
    pub fn log(&self) -> String {
        self.site.journal.text()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
