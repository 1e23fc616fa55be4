//! What runs and where, stopping it for everybody, and deleting this project's private data.

use std::path::{Path, PathBuf};

use crate::desk::Desk;
use crate::layout::{Layout, remove};
use crate::lease::Service;
use crate::postgres::{PrivatePostgres, existing_clusters};
use crate::process::{self, StopSignals};
use crate::redis::PrivateRedis;
use crate::{Error, Purpose};

/// One running service of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What it is for.
    pub purpose: Purpose,
    /// `postgres` or `redis`.
    pub service: &'static str,
    /// The server's version.
    pub version: String,
    /// The server's process.
    pub pid: u32,
    /// Where it listens; with a password when it listens on TCP.
    pub url: String,
    /// Where its data are.
    pub data_dir: PathBuf,
    /// How many processes hold it.
    pub holders: usize,
}

/// The services of this project that run now.
///
/// # Errors
/// [`Error::Io`] when the project folder or its records cannot be read.
pub fn status(root: &Path) -> Result<Vec<Status>, Error> {
    let mut running = Vec::new();
    for purpose in Purpose::ALL {
        for (desk, _) in desks(&Layout::new(root, purpose)?) {
            let Some(server) = desk.running()? else { continue };
            let url = match desk.service {
                PrivatePostgres::NAME => server.endpoint.postgres_url(),
                _ => server.endpoint.redis_url(),
            };
            running.push(Status {
                purpose,
                service: desk.service,
                version: server.version,
                pid: server.pid,
                url,
                data_dir: server.data,
                holders: desk.count_users(),
            });
        }
    }
    Ok(running)
}

/// Stops the services of one purpose although others may hold them; returns how many it stopped.
///
/// # Errors
/// [`Error::WillNotStop`] when a server survives its signals, [`Error::LockTimeout`].
pub fn stop(root: &Path, purpose: Purpose) -> Result<usize, Error> {
    let layout = Layout::new(root, purpose)?;
    if !layout.home().exists() {
        return Ok(0);
    }
    let mut stopped = 0;
    for (desk, signals) in desks(&layout) {
        let _lock = desk.lock()?;
        stopped += stop_service(&layout, &desk, signals)?;
    }
    Ok(stopped)
}

/// The list of holders goes first, so that nobody joins a server about to stop.
fn stop_service(layout: &Layout, desk: &Desk, signals: StopSignals) -> Result<usize, Error> {
    desk.close_users()?;
    let mut stopped = 0;
    if let Some(server) = desk.running()? {
        process::stop(desk.service, server.pid, &server.born, signals)?;
        stopped += 1;
    }
    if desk.service == PrivatePostgres::NAME {
        // A server started by hand on these data has no record.
        for cluster in existing_clusters(layout)? {
            let Some(pid) = cluster.live_postmaster()? else { continue };
            let born = process::born(pid)?.unwrap_or_default();
            process::stop(desk.service, pid, &born, signals)?;
            stopped += 1;
        }
    }
    Ok(stopped)
}

/// The folders that [`reset`] would delete.
///
/// # Errors
/// [`Error::Io`] when the project folder cannot be read.
pub fn would_delete(root: &Path, purpose: Purpose) -> Result<Vec<PathBuf>, Error> {
    let layout = Layout::new(root, purpose)?;
    let outside = existing_clusters(&layout)?.into_iter().map(|cluster| cluster.folder);
    let mut folders: Vec<PathBuf> =
        outside.filter(|folder| !folder.starts_with(layout.home())).collect();
    folders.extend(Some(layout.home()).filter(|home| home.exists()));
    Ok(folders)
}

/// Stops the services of one purpose and deletes their data, and nothing else.
///
/// # Errors
/// As [`stop`], and [`Error::Io`] when a folder cannot be deleted.
pub fn reset(root: &Path, purpose: Purpose) -> Result<(), Error> {
    let layout = Layout::new(root, purpose)?;
    if would_delete(root, purpose)?.is_empty() {
        return Ok(());
    }
    layout.create()?;
    let desks = desks(&layout);
    // Both locks until the end: nobody starts a server in a folder that is being deleted.
    let mut locks = Vec::new();
    for (desk, signals) in &desks {
        locks.push(desk.lock()?);
        stop_service(&layout, desk, *signals)?;
    }
    would_delete(root, purpose)?.iter().try_for_each(|folder| remove(folder))
}

fn desks(layout: &Layout) -> [(Desk, StopSignals); 2] {
    [
        (layout.desk(PrivatePostgres::NAME), PrivatePostgres::SIGNALS),
        (layout.desk(PrivateRedis::NAME), PrivateRedis::SIGNALS),
    ]
}
