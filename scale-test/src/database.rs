//! PostgreSQL servers of this run alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use local_services::{Postgres, Purpose, Redis};

use crate::Outcome;
use crate::process::Processes;
use crate::run::Run;

/// One PostgreSQL with durable settings, its data deleted afterwards.
pub(crate) struct Database {
    postgres: Option<Postgres>,
    home: PathBuf,
    processes: Processes,
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
        Ok(Self { postgres, home, processes: run.processes.clone() })
    }

    fn running(&self) -> Outcome<&Postgres> {
        self.postgres.as_ref().ok_or_else(|| "the database has stopped".into())
    }

    pub(crate) fn url(&self) -> Outcome<&str> {
        Ok(self.running()?.url())
    }

    pub(crate) fn version(&self) -> String {
        self.postgres.as_ref().map(|postgres| postgres.version().to_owned()).unwrap_or_default()
    }

    /// The data folder, by whose owner servers beside it are run.
    pub(crate) fn data(&self) -> Outcome<&Path> {
        Ok(self.running()?.data_dir())
    }

    pub(crate) fn place(&self) -> Outcome<Place> {
        let environment = self.running()?.environment();
        let value = |name: &str| {
            let found = environment.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        Ok(Place { host: value("PGHOST"), port: value("PGPORT") })
    }

    /// One of PostgreSQL's own programs, set to find this server.
    pub(crate) fn command(&self, program: &str) -> Outcome<Command> {
        let postgres = self.running()?;
        let beside = postgres.bin_dir().join(program);
        let path = if beside.exists() { beside } else { PathBuf::from(program) };
        let mut command = Command::new(path);
        command.envs(postgres.environment());
        Ok(command)
    }

    /// The result of a statement, one row a line.
    pub(crate) fn query(&self, sql: &str) -> Outcome<String> {
        let mut psql = self.command("psql")?;
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        self.processes.output_of(&mut psql)
    }

    /// The single number that an expression or a query stands for.
    pub(crate) fn number(&self, expression: &str) -> Outcome<u64> {
        Ok(self.query(&format!("SELECT ({expression})::bigint"))?.parse()?)
    }

    /// Runs a script of the project with psql variables.
    pub(crate) fn script(&self, file: &Path, variables: &[(&str, &str)]) -> Outcome<String> {
        let mut psql = self.command("psql")?;
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]);
        for (name, value) in variables {
            psql.arg("-v").arg(format!("{name}={value}"));
        }
        psql.arg("-f").arg(file);
        self.processes.output_of(&mut psql)
    }

    /// Ends this server and keeps its data.
    pub(crate) fn stop(&mut self) {
        self.postgres = None;
    }

    /// Starts it again on its data.
    pub(crate) fn restart(&mut self) -> Outcome<()> {
        self.postgres = Some(Postgres::acquire(&self.home, Purpose::Serve)?);
        Ok(())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.postgres = None;
        forget(&self.home);
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
