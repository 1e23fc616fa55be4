use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::account::{Account, server_folder};
use crate::cluster::Cluster;
use crate::desk::{Desk, Server, write_private};
use crate::endpoint::{Endpoint, random_password};
use crate::find::all_postgres;
use crate::layout::Layout;
use crate::lease::{self, Lease, Service, Spawned};
use crate::process::StopSignals;
use crate::{Error, Installation, Purpose, Search, settings};

/// One holder's share in the private PostgreSQL of a project and purpose.
///
/// Dropping it lets go; the last holder waits until the server has stopped. A holder that ends
/// without dropping (`static`, `exit`, `kill -9`) lets go too: its guardian process notices.
#[derive(Debug)]
pub struct Postgres {
    lease: Lease,
    url: String,
}

impl Postgres {
    /// Starts the private PostgreSQL of `root` for `purpose`, or attaches to the running one.
    /// Returns when it accepts connections: a second or so for the first start ever, some
    /// hundredths of a second for attaching.
    ///
    /// # Errors
    /// Every [`Error`] names its cause and the next step; among them programs missing or too
    /// old, data of another major version, and a data folder or socket in use by others.
    pub fn acquire(root: &Path, purpose: Purpose) -> Result<Self, Error> {
        Self::acquire_from(root, purpose, &Search::system())
    }

    /// [`Postgres::acquire`] with a search path of the caller's.
    ///
    /// # Errors
    /// As [`Postgres::acquire`].
    pub fn acquire_from(root: &Path, purpose: Purpose, search: &Search) -> Result<Self, Error> {
        let layout = Layout::new(root, purpose)?;
        layout.create()?;
        let desk = layout.desk(PrivatePostgres::NAME);
        let service = PrivatePostgres { layout, desk: desk.clone(), search };
        let lease = lease::acquire(&desk, &service)?;
        let url = lease.server.endpoint.postgres_url();
        Ok(Self { lease, url })
    }

    /// The libpq URL of the database `postgres`, as its superuser. Over the socket it is
    /// `postgres:///postgres?host=…&port=5432&user=postgres`; replace the path for another
    /// database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What libpq reads from the environment, so that a bare `psql` finds this server.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let (host, port, password) = match &self.lease.server.endpoint {
            Endpoint::Socket(socket) => {
                let folder = socket.parent().unwrap_or(Path::new("/"));
                (folder.display().to_string(), 5432, None)
            }
            Endpoint::Tcp { port, password } => ("127.0.0.1".to_owned(), *port, Some(password)),
        };
        let mut variables = vec![
            ("PGHOST", host),
            ("PGPORT", port.to_string()),
            ("PGUSER", "postgres".to_owned()),
            ("PGDATABASE", "postgres".to_owned()),
        ];
        variables.extend(password.map(|password| ("PGPASSWORD", password.clone())));
        variables
    }

    /// The data folder: under `.local/`, or for root possibly outside the project.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.lease.server.data
    }

    /// The folder of the server's own programs; `psql` of the same version is beside them.
    #[must_use]
    pub fn bin_dir(&self) -> &Path {
        &self.lease.server.bin
    }

    /// The server's version, for example `15.18`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.lease.server.version
    }

    /// Whether this call started the server, instead of attaching to one.
    #[must_use]
    pub fn started_here(&self) -> bool {
        self.lease.started_here
    }

    /// The process id of the postmaster.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.lease.server.pid
    }
}

/// How a private PostgreSQL is prepared, spawned and stopped.
pub(crate) struct PrivatePostgres<'a> {
    layout: Layout,
    desk: Desk,
    search: &'a Search,
}

impl PrivatePostgres<'_> {
    pub(crate) const NAME: &'static str = "postgres";

    /// Made together with the data and kept beside them: the transport may change when the
    /// project moves to a longer or shorter path.
    fn password(&self) -> Result<String, Error> {
        let path = self.layout.password_file();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let text = text.trim();
        if text.is_empty() { Err(Error::PasswordLost { path }) } else { Ok(text.to_owned()) }
    }
}

/// What has been found and made before the server starts.
pub(crate) struct Plan {
    installation: Installation,
    cluster: Cluster,
    has_pg_stat_statements: bool,
}

impl Service for PrivatePostgres<'_> {
    type Plan = Plan;
    /// Fast shutdown, then immediate shutdown, which is safe too but needs recovery
    /// (PostgreSQL manual, 18.5).
    const SIGNALS: StopSignals = StopSignals { soft: "INT", hard: "QUIT" };

    fn prepare(&self) -> Result<Plan, Error> {
        let installed = all_postgres(self.search)?;
        let account = Account::for_postgres()?;
        let folder = server_folder(&self.layout, account)?;
        let cluster = Cluster { folder, account, purpose: self.layout.purpose };
        let installation = cluster.choose(installed)?;
        cluster.ensure_free()?;
        if !cluster.is_complete() {
            let password = random_password()?;
            write_private(&self.layout.password_file(), &password)?;
            cluster.initialise(&installation, &password)?;
        }
        let has_pg_stat_statements = installation.has_library("pg_stat_statements");
        Ok(Plan { installation, cluster, has_pg_stat_statements })
    }

    fn spawn(&self, plan: &Plan) -> Result<Spawned, Error> {
        let Plan { installation, cluster, has_pg_stat_statements } = plan;
        let endpoint = Endpoint::choose(cluster.socket(), || self.password())?;
        let log = self.desk.open_log()?;
        let errors = log.try_clone().map_err(|e| Error::io("open", &self.desk.log(), e))?;
        let mut command = cluster.account.command(&installation.server);
        command.arg("-D").arg(cluster.data());
        for (name, value) in settings::postgres(cluster.purpose, &endpoint, *has_pg_stat_statements)
        {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|e| Error::io("run", &installation.server, e))?;
        let server = Server {
            pid: child.id(),
            born: String::new(),
            endpoint,
            version: installation.version.clone(),
            bin: installation.bin.clone(),
            data: cluster.data(),
        };
        Ok(Spawned { child, server })
    }

    fn answers(endpoint: &Endpoint) -> bool {
        endpoint.postgres_answers()
    }
}

/// The cluster of a purpose if it has a folder already, for `stop` and `reset`.
pub(crate) fn existing_clusters(layout: &Layout) -> Result<Vec<Cluster>, Error> {
    let account = match Account::for_postgres() {
        Err(Error::NoServerAccount) => return Ok(Vec::new()),
        account => account?,
    };
    let folders: Vec<PathBuf> = crate::account::candidates(layout, account);
    let ours = folders.into_iter().filter(|folder| crate::account::owns(account, folder));
    Ok(ours.map(|folder| Cluster { folder, account, purpose: layout.purpose }).collect())
}
