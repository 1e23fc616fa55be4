//! A PostgreSQL with a streaming replica.

use std::path::{Path, PathBuf};

use super::kept::{Kept, run};
use super::wait_until;
use crate::account::Account;
use crate::cluster::Cluster;
use crate::endpoint::Endpoint;
use crate::find::find_postgres;
use crate::{Error, Installation, Purpose, settings};

/// Immediate shutdown: what is in it is expendable, and recovery makes it whole.
const END: &str = "QUIT";

/// A primary and a replica that follows it.
#[derive(Debug)]
pub struct PostgresPair {
    postgres: Installation,
    account: Account,
    purpose: Purpose,
    /// Stopped first: a primary that ends waits for nobody then. `None` while it is away.
    replica: Option<Kept>,
    replica_folder: PathBuf,
    primary: Kept,
    primary_folder: PathBuf,
}

impl PostgresPair {
    /// Makes a primary, copies it (`pg_basebackup`), and waits until the copy follows it.
    ///
    /// # Errors
    /// As [`crate::Postgres::acquire`].
    pub fn start(purpose: Purpose) -> Result<Self, Error> {
        let postgres = find_postgres()?;
        let account = Account::for_postgres()?;
        let primary_folder = Kept::folder("primary", account)?;
        let cluster = Cluster { folder: primary_folder.clone(), account, purpose };
        cluster.initialise(&postgres, "unused")?;
        let primary = serve(&postgres, account, purpose, &primary_folder)?;
        let replica_folder = Kept::folder("replica", account)?;
        let (from, to) = (text(&primary_folder), text(&replica_folder.join("data")));
        let copy = ["-h", &from, "-p", "5432", "-U", "postgres", "-D", &to, "-R", "-X", "stream"];
        let copy = [&copy[..], &["--checkpoint=fast", "--no-sync"]].concat();
        run(account, &postgres.bin.join("pg_basebackup"), &copy)?;
        let replica = serve(&postgres, account, purpose, &replica_folder)?;
        let replica = Some(replica);
        Ok(Self { postgres, account, purpose, replica, replica_folder, primary, primary_folder })
    }

    /// The database `postgres` of the primary, as its superuser.
    #[must_use]
    pub fn primary_url(&self) -> String {
        endpoint(&self.primary_folder).postgres_url()
    }

    /// The same on the replica, also while that is away.
    #[must_use]
    pub fn replica_url(&self) -> String {
        endpoint(&self.replica_folder).postgres_url()
    }

    /// The folder of the primary's socket, as PgBouncer's `host=` takes it.
    #[must_use]
    pub fn primary_socket(&self) -> &Path {
        &self.primary_folder
    }

    /// The primary.
    #[must_use]
    pub fn primary(&self) -> &Kept {
        &self.primary
    }

    /// The replica, while it runs.
    #[must_use]
    pub fn replica(&self) -> Option<&Kept> {
        self.replica.as_ref()
    }

    /// Ends the replica at once; its data stay.
    pub fn stop_replica(&mut self) {
        if let Some(replica) = self.replica.take() {
            replica.end_keeping();
        }
    }

    /// Starts it again where it was.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_replica(&mut self) -> Result<(), Error> {
        self.stop_replica();
        let replica = serve(&self.postgres, self.account, self.purpose, &self.replica_folder)?;
        self.replica = Some(replica);
        Ok(())
    }
}

impl Drop for PostgresPair {
    fn drop(&mut self) {
        if self.replica.is_none() {
            // Nobody guards the folder of a server that does not run.
            let _ = std::fs::remove_dir_all(&self.replica_folder);
        }
    }
}

fn endpoint(folder: &Path) -> Endpoint {
    Endpoint::Socket(folder.join(".s.PGSQL.5432"))
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// Returns once it lets clients in; a replica does so as soon as its data are consistent.
fn serve(
    postgres: &Installation,
    account: Account,
    purpose: Purpose,
    folder: &Path,
) -> Result<Kept, Error> {
    let listens = endpoint(folder);
    let mut arguments = vec!["-D".to_owned(), text(&folder.join("data"))];
    let has_statements = postgres.has_library("pg_stat_statements");
    for (name, value) in settings::postgres(purpose, &listens, has_statements) {
        arguments.extend(["-c".to_owned(), format!("{name}={value}")]);
    }
    let kept = Kept::start(account, folder, END, &postgres.server, &arguments)?;
    wait_until(&postgres.server, || listens.postgres_answers())?;
    Ok(kept)
}
