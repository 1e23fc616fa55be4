//! PgBouncer in transaction mode in front of every database of a server.

use std::path::{Path, PathBuf};

use super::kept::Kept;
use super::wait_until;
use crate::account::Account;
use crate::endpoint::is_listening;
use crate::{Error, Search};

/// Where packages put it.
const USUAL: [&str; 4] = [
    "/usr/sbin/pgbouncer",
    "/usr/bin/pgbouncer",
    "/opt/homebrew/bin/pgbouncer",
    "/usr/local/bin/pgbouncer",
];

/// A pooler on a socket of its own.
#[derive(Debug)]
pub struct PgBouncer {
    kept: Kept,
    folder: PathBuf,
}

impl PgBouncer {
    /// Puts one in front of the server whose socket lies in `host`. `connect_query` is sent on each
    /// new connection to it; `pool_size` bounds those of one database.
    ///
    /// # Errors
    /// When PgBouncer is not installed, or does not start.
    pub fn start(host: &Path, connect_query: &str, pool_size: u32) -> Result<Self, Error> {
        let program = find().ok_or_else(|| {
            let missing = std::io::Error::other("it is not installed: install `pgbouncer`");
            Error::io("run", Path::new("pgbouncer"), missing)
        })?;
        // It refuses to run as root, as PostgreSQL does.
        let account = Account::for_postgres()?;
        let folder = Kept::folder("pooler", account)?;
        let query = match connect_query {
            "" => String::new(),
            query => format!(" connect_query='{}'", query.replace('\'', "''")),
        };
        let configuration = format!(
            "[databases]\n* = host={} port=5432{query}\n[pgbouncer]\npool_mode = transaction\n\
             unix_socket_dir = {folder}\nlisten_port = 5432\nauth_type = trust\n\
             auth_file = {folder}/users\nmax_client_conn = 2000\ndefault_pool_size = {pool_size}\n\
             server_idle_timeout = 15\nadmin_users = postgres\nlogfile =\n\
             ignore_startup_parameters = extra_float_digits\n",
            host.display(),
            folder = folder.display(),
        );
        write(&folder.join("users"), "\"postgres\" \"\"\n")?;
        let file = folder.join("pgbouncer.ini");
        write(&file, &configuration)?;
        let kept = Kept::start(account, &folder, "INT", &program, &[file.display().to_string()])?;
        let socket = folder.join(".s.PGSQL.5432");
        wait_until(&program, || is_listening(&socket))?;
        Ok(Self { kept, folder })
    }

    /// The database `postgres` behind it; replace the path for another one. Its console is the
    /// database `pgbouncer`.
    #[must_use]
    pub fn url(&self) -> String {
        crate::endpoint::Endpoint::Socket(self.folder.join(".s.PGSQL.5432")).postgres_url()
    }

    /// Its process.
    #[must_use]
    pub fn kept(&self) -> &Kept {
        &self.kept
    }
}

fn find() -> Option<PathBuf> {
    let usual = USUAL.iter().map(PathBuf::from).find(|program| program.exists());
    Search::system().in_path("pgbouncer").or(usual)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|e| Error::io("write", path, e))
}
