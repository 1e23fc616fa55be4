//! PostgreSQL servers of this run alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use local_services::fleet::PostgresPair;
use local_services::{Postgres, Purpose, Redis, find_postgres};

use crate::Outcome;
use crate::process::Processes;
use crate::run::Run;

/// A PostgreSQL with durable settings, its data deleted afterwards.
pub(crate) struct Database {
    server: Server,
    programs: PathBuf,
    processes: Processes,
}

enum Server {
    /// One by itself; `None` while it is stopped.
    Alone { postgres: Option<Postgres>, home: PathBuf },
    /// A primary with a streaming replica.
    Pair(PostgresPair),
}

/// Where libpq finds a server.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) host: String,
    pub(crate) port: String,
}

impl Database {
    pub(crate) fn start(run: &Run, name: &str) -> Outcome<Self> {
        let home = run.folder.join(name);
        std::fs::create_dir_all(&home)?;
        // What a killed run left behind.
        local_services::reset(&home, Purpose::Serve)?;
        let postgres = Some(Postgres::acquire(&home, Purpose::Serve)?);
        Self::of(run, Server::Alone { postgres, home })
    }

    /// A primary, and a replica that was made by `pg_basebackup` and follows it.
    pub(crate) fn start_pair(run: &Run, purpose: Purpose) -> Outcome<Self> {
        run.program("pg_basebackup").or_else(|_| Self::beside("pg_basebackup"))?;
        Self::of(run, Server::Pair(PostgresPair::start(purpose)?))
    }

    fn of(run: &Run, server: Server) -> Outcome<Self> {
        let programs = find_postgres()?.bin;
        Ok(Self { server, programs, processes: run.processes.clone() })
    }

    fn beside(program: &str) -> Outcome<PathBuf> {
        let path = find_postgres()?.bin.join(program);
        path.exists().then_some(path).ok_or_else(|| format!("{program} is not installed").into())
    }

    fn alone(&self) -> Outcome<&Postgres> {
        match &self.server {
            Server::Alone { postgres: Some(postgres), .. } => Ok(postgres),
            _ => Err("this server has stopped, or is one of two".into()),
        }
    }

    pub(crate) fn url(&self) -> Outcome<String> {
        match &self.server {
            Server::Alone { .. } => Ok(self.alone()?.url().to_owned()),
            Server::Pair(pair) => Ok(pair.primary_url()),
        }
    }

    /// The replica of this server, and what stops and starts it.
    pub(crate) fn pair(&mut self) -> Outcome<&mut PostgresPair> {
        match &mut self.server {
            Server::Pair(pair) => Ok(pair),
            Server::Alone { .. } => Err("this server has no replica".into()),
        }
    }

    /// The data folder, by whose owner servers beside it are run.
    pub(crate) fn data(&self) -> Outcome<&Path> {
        Ok(self.alone()?.data_dir())
    }

    pub(crate) fn place(&self) -> Outcome<Place> {
        let environment = self.alone()?.environment();
        let value = |name: &str| {
            let found = environment.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        Ok(Place { host: value("PGHOST"), port: value("PGPORT") })
    }

    fn psql(&self, url: &str) -> Command {
        let beside = self.programs.join("psql");
        // Some distributions put the client programs elsewhere.
        let mut psql = Command::new(if beside.exists() { beside } else { PathBuf::from("psql") });
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url]);
        psql
    }

    /// The result of a statement, one row a line.
    pub(crate) fn query(&self, sql: &str) -> Outcome<String> {
        let mut psql = self.psql(&self.url()?);
        self.processes.output_of(psql.args(["-c", sql]))
    }

    /// The same on the replica.
    pub(crate) fn query_replica(&mut self, sql: &str) -> Outcome<String> {
        let url = self.pair()?.replica_url();
        let mut psql = self.psql(&url);
        self.processes.output_of(psql.args(["-c", sql]))
    }

    /// The single number that an expression or a query stands for.
    pub(crate) fn number(&self, expression: &str) -> Outcome<u64> {
        Ok(self.query(&format!("SELECT ({expression})::bigint"))?.parse()?)
    }

    /// Runs a script of the project with psql variables.
    pub(crate) fn script(&self, file: &Path, variables: &[(&str, &str)]) -> Outcome<String> {
        let mut psql = self.psql(&self.url()?);
        for (name, value) in variables {
            psql.arg("-v").arg(format!("{name}={value}"));
        }
        psql.arg("-f").arg(file);
        self.processes.output_of(&mut psql)
    }

    /// Ends this server and keeps its data.
    pub(crate) fn stop(&mut self) {
        if let Server::Alone { postgres, .. } = &mut self.server {
            *postgres = None;
        }
    }

    /// Starts it again on its data.
    pub(crate) fn restart(&mut self) -> Outcome<()> {
        if let Server::Alone { postgres, home } = &mut self.server {
            *postgres = Some(Postgres::acquire(home, Purpose::Serve)?);
        }
        Ok(())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.stop();
        if let Server::Alone { home, .. } = &self.server {
            forget(home);
        }
    }
}

/// One Redis, empty at first, its data deleted afterwards.
pub(crate) struct SharedRedis {
    redis: Option<Redis>,
    home: PathBuf,
}

impl SharedRedis {
    pub(crate) fn start(run: &Run) -> Outcome<Self> {
        let home = run.folder.join("redis");
        std::fs::create_dir_all(&home)?;
        local_services::reset(&home, Purpose::Serve)?;
        let redis = Some(Redis::acquire(&home, Purpose::Serve)?);
        Ok(Self { redis, home })
    }

    pub(crate) fn url(&self) -> &str {
        self.redis.as_ref().map(Redis::url).unwrap_or_default()
    }

    /// Another keyspace of the same server: for replicas that share nothing.
    pub(crate) fn url_of_keyspace(&self, number: usize) -> String {
        let url = self.url();
        match url.strip_suffix("/0") {
            Some(server) => format!("{server}/{number}"),
            None => format!("{url}?db={number}"),
        }
    }
}

impl Drop for SharedRedis {
    fn drop(&mut self) {
        self.redis = None;
        forget(&self.home);
    }
}

fn forget(home: &Path) {
    if let Err(error) = local_services::reset(home, Purpose::Serve) {
        eprintln!("data of this run could not be deleted: {error}");
    }
    let _ = std::fs::remove_dir_all(home);
}
