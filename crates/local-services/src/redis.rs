use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::account::{Account, current_uid};
use crate::desk::{Desk, Server};
use crate::endpoint::{Endpoint, is_listening, random_password};
use crate::layout::{Layout, check_owner, make_folder};
use crate::lease::{self, Lease, Service, Spawned};
use crate::process::StopSignals;
use crate::{Error, Installation, Purpose, Search, find_redis_in, settings};

/// One holder's share in the private Redis (or Valkey) of a project and purpose. Shared and
/// stopped as [`crate::Postgres`] is. Keeps its data for [`Purpose::Serve`] only.
#[derive(Debug)]
pub struct Redis {
    lease: Lease,
    url: String,
}

impl Redis {
    /// Starts the private Redis of `root` for `purpose`, or attaches to the running one.
    ///
    /// # Errors
    /// Every [`Error`] names its cause and the next step, first of all
    /// [`Error::RedisMissing`].
    pub fn acquire(root: &Path, purpose: Purpose) -> Result<Self, Error> {
        Self::acquire_from(root, purpose, &Search::system())
    }

    /// [`Redis::acquire`] with a search path of the caller's.
    ///
    /// # Errors
    /// As [`Redis::acquire`].
    pub fn acquire_from(root: &Path, purpose: Purpose, search: &Search) -> Result<Self, Error> {
        let layout = Layout::new(root, purpose)?;
        layout.create()?;
        let desk = layout.desk(PrivateRedis::NAME);
        let service = PrivateRedis { layout, desk: desk.clone(), search };
        let lease = lease::acquire(&desk, &service)?;
        let url = lease.server.endpoint.redis_url();
        Ok(Self { lease, url })
    }

    /// `redis+unix:///…/redis.sock`, or `redis://:password@127.0.0.1:port/0`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder of the append-only file.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.lease.server.data
    }

    /// The folder of the server program; `redis-cli` is usually beside it.
    #[must_use]
    pub fn bin_dir(&self) -> &Path {
        &self.lease.server.bin
    }

    /// The server's version, for example `7.0.15`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.lease.server.version
    }

    /// Whether this call started the server, instead of attaching to one.
    #[must_use]
    pub fn started_here(&self) -> bool {
        self.lease.started_here
    }

    /// The process id of the server.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.lease.server.pid
    }
}

/// How a private Redis is prepared, spawned and stopped.
pub(crate) struct PrivateRedis<'a> {
    layout: Layout,
    desk: Desk,
    search: &'a Search,
}

impl PrivateRedis<'_> {
    pub(crate) const NAME: &'static str = "redis";

    fn folder(&self) -> PathBuf {
        self.layout.home().join(Self::NAME)
    }
}

impl Service for PrivateRedis<'_> {
    type Plan = Installation;
    const SIGNALS: StopSignals = StopSignals { soft: "TERM", hard: "KILL" };

    fn prepare(&self) -> Result<Installation, Error> {
        let installation = find_redis_in(self.search)?;
        let folder = self.folder();
        make_folder(&folder, 0o700)?;
        check_owner(&folder, current_uid()?)?;
        let socket = folder.join("redis.sock");
        if is_listening(&socket) {
            return Err(Error::InUse { path: socket, by: "another server".to_owned() });
        }
        Ok(installation)
    }

    fn spawn(&self, installation: &Installation) -> Result<Spawned, Error> {
        let folder = self.folder();
        let endpoint = Endpoint::choose(folder.join("redis.sock"), random_password)?;
        let log = self.desk.open_log()?;
        // What is wrong with its settings it says there.
        let errors = log.try_clone().map_err(|e| Error::io("open", &self.desk.log(), e))?;
        // Redis does run as root, so no other account is needed.
        let account = Account { uid: current_uid()?, switch_to_group: None };
        let mut child = account
            .command(&installation.server)
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|e| Error::io("run", &installation.server, e))?;
        if let Some(mut stdin) = child.stdin.take() {
            let configuration = settings::redis(self.layout.purpose, &endpoint, &folder);
            // A server that ended already is reported with its log by the caller.
            let _ = stdin.write_all(configuration.as_bytes());
        }
        let server = Server {
            pid: child.id(),
            born: String::new(),
            endpoint,
            version: installation.version.clone(),
            bin: installation.bin.clone(),
            data: folder,
        };
        Ok(Spawned { child, server })
    }

    fn answers(endpoint: &Endpoint) -> bool {
        endpoint.redis_answers()
    }
}
