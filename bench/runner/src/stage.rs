//! Everything that stands while it is measured: PostgreSQL, its rows, and the servers.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use local_services::{Postgres, Purpose, Redis};

use crate::agreement;
use crate::http::{Question, free_address};
use crate::people::People;
use crate::plan::{Contender, Plan, Workload};
use crate::process::{Interrupt, Running, output_of, wait_for};
use crate::{Outcome, pgbench};

/// The rows that are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    /// Start of the month that holds the log entries, in seconds since 1970.
    pub(crate) month_start: u64,
    /// Its end.
    pub(crate) month_end: u64,
    /// Stored as the time of every inserted entry.
    pub(crate) now: u64,
}

/// A server under test.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) contender: Contender,
    pub(crate) address: SocketAddr,
    process: Running,
}

/// Fields are dropped in their order: the servers before their database.
pub(crate) struct Stage {
    pub(crate) servers: Vec<Server>,
    pub(crate) rows: Rows,
    pub(crate) people: People,
    pub(crate) scripts: PathBuf,
    pub(crate) database: Database,
}

/// The benchmark's own PostgreSQL and Redis. Their data are deleted afterwards, so that every run starts alike.
pub(crate) struct Database {
    postgres: Option<Postgres>,
    /// `None` where Redis is not installed: the backend then caches by itself.
    redis: Option<Redis>,
    folder: PathBuf,
}

impl Stage {
    pub(crate) fn set(plan: &Plan, interrupt: &Interrupt) -> Outcome<Self> {
        println!("starting PostgreSQL and the backend, which migrates it");
        let database = Database::start(&plan.folder)?;
        let backend = Server::start(Contender::Backend, plan, &database, &[], interrupt)?;
        println!("filling in {} users and {} log entries", Plan::USERS, Plan::LOGS);
        let people = People::sign_in(backend.address, &plan.folder, interrupt)?;
        let rows = fill(&database, interrupt)?;
        let scripts = plan.root.join("bench");
        let mut stage = Self { servers: vec![backend], rows, people, scripts, database };
        stage.add_peers(plan, interrupt)?;
        if plan.contenders.contains(&Contender::Pgbench) {
            pgbench::write_scripts(&plan.folder)?;
        }
        interrupt.check()?;
        Ok(stage)
    }

    fn add_peers(&mut self, plan: &Plan, interrupt: &Interrupt) -> Outcome<()> {
        let ours = agreement::answers(self.servers[0].address, self.rows, &self.people)?;
        let constants: Vec<_> =
            ours.iter().map(|(workload, answer)| (workload.constant(), answer.as_str())).collect();
        for &contender in &plan.contenders {
            let environment: &[(&str, &str)] = match contender {
                Contender::Backend | Contender::Pgbench => continue,
                Contender::Plaintext => &constants,
                Contender::AxumSqlxNoPing => &[("PING", "off")],
                Contender::AxumSqlx | Contender::DieselAsync => &[],
            };
            let server = Server::start(contender, plan, &self.database, environment, interrupt)?;
            let theirs = agreement::answers(server.address, self.rows, &self.people)?;
            agreement::check(contender, &ours, &theirs)?;
            self.servers.push(server);
        }
        if !plan.contenders.contains(&Contender::Backend) {
            self.servers.remove(0);
        }
        Ok(())
    }

    /// What `load.lua` is told of a workload.
    pub(crate) fn arguments(&self, workload: Workload) -> Vec<String> {
        let Rows { month_start, month_end, now } = self.rows;
        let tokens = || self.people.file().display().to_string();
        match workload {
            Workload::Read => vec!["read".to_owned(), Plan::USERS.to_string()],
            Workload::Page => {
                vec!["page".to_owned(), month_start.to_string(), month_end.to_string()]
            }
            Workload::Insert => vec!["insert".to_owned(), now.to_string()],
            Workload::TodoRead => vec!["todo".to_owned(), tokens(), People::TODOS.to_string()],
            Workload::TodoList => vec!["list".to_owned(), tokens(), Workload::LIST.to_owned()],
            Workload::TodoListCached => {
                vec!["list".to_owned(), tokens(), Workload::CACHED_LIST.to_owned()]
            }
            Workload::TodoCreate => vec!["create".to_owned(), tokens()],
        }
    }

    /// One more backend on the same database, with other settings.
    pub(crate) fn another_backend(
        &self,
        plan: &Plan,
        settings: &[(&str, &str)],
        interrupt: &Interrupt,
    ) -> Outcome<Server> {
        Server::start(Contender::Backend, plan, &self.database, settings, interrupt)
    }

    pub(crate) fn server(&self, contender: Contender) -> Option<&Server> {
        self.servers.iter().find(|server| server.contender == contender)
    }
}

impl Server {
    fn start(
        contender: Contender,
        plan: &Plan,
        database: &Database,
        environment: &[(&str, &str)],
        interrupt: &Interrupt,
    ) -> Outcome<Self> {
        let address = free_address()?;
        let mut command = command(contender, plan, address)?;
        let name = format!("{contender:?}.log").to_lowercase();
        let log = File::create(plan.folder.join(&name))?;
        let keys = format!("bench:{}", plan.token_key);
        command.env("TOKEN_KEYS", keys).env("TOKEN_KEY", &plan.token_key);
        command.envs(database.redis.iter().map(|redis| ("REDIS_URL", redis.url())));
        command.envs(environment.iter().copied());
        command.env("LISTEN", address.to_string()).env("DATABASE_URL", database.url()?);
        command.stdout(log.try_clone()?).stderr(log);
        let mut process = Running::start(&mut command)?;
        let explained = |error| format!("{contender:?} (see .local/bench/{name}): {error}");
        wait_for("its first answer", interrupt, || {
            process.check()?;
            // Any answer will do: the peers have no health check, and answer this with 404.
            let answer = Question::get("/health/ready").ask(address);
            Ok(answer.is_ok_and(|answer| [200, 404].contains(&answer.status)))
        })
        .map_err(explained)?;
        Ok(Self { contender, address, process })
    }

    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }
}

fn command(contender: Contender, plan: &Plan, address: SocketAddr) -> Outcome<Command> {
    let peer = match contender {
        Contender::Backend => {
            let mut command = Command::new(&plan.backend);
            command.arg("serve").arg("--listen").arg(address.to_string());
            // No limit but the server's own; hashes only cost what a benchmark of them wants.
            command.envs([
                ("RATE_LIMIT", "0"),
                ("REGISTRATION_LIMIT", "0"),
                ("USER_RATE_LIMIT", "0"),
                ("LOGIN_LIMIT", "0"),
                ("LOGIN_ADDRESS_LIMIT", "0"),
            ]);
            command.envs([("BCRYPT_COST", "4"), ("ACCESS_LIFETIME", "120m")]);
            return Ok(command);
        }
        Contender::Plaintext => "peer-plaintext",
        Contender::AxumSqlx | Contender::AxumSqlxNoPing => "peer-axum-sqlx",
        Contender::DieselAsync => "peer-diesel-async",
        Contender::Pgbench => return Err("pgbench is no server".into()),
    };
    Ok(Command::new(std::env::current_exe()?.with_file_name(peer)))
}

impl Database {
    fn start(folder: &Path) -> Outcome<Self> {
        // What a killed run left behind would be measured with.
        local_services::reset(folder, Purpose::Serve)?;
        let postgres = Some(Postgres::acquire(folder, Purpose::Serve)?);
        let redis = Redis::acquire(folder, Purpose::Serve).ok();
        Ok(Self { postgres, redis, folder: folder.to_path_buf() })
    }

    fn running(&self) -> Outcome<&Postgres> {
        self.postgres.as_ref().ok_or_else(|| "the database has stopped".into())
    }

    fn url(&self) -> Outcome<&str> {
        Ok(self.running()?.url())
    }

    pub(crate) fn version(&self) -> String {
        self.postgres.as_ref().map(|postgres| postgres.version().to_owned()).unwrap_or_default()
    }

    pub(crate) fn process(&self) -> u32 {
        self.postgres.as_ref().map_or(0, Postgres::pid)
    }

    /// One of PostgreSQL's own programs, set to find this server.
    pub(crate) fn command(&self, program: &str) -> Outcome<Command> {
        let postgres = self.running()?;
        let beside = postgres.bin_dir().join(program);
        // Some distributions put the client programs elsewhere.
        let path = if beside.exists() { beside } else { PathBuf::from(program) };
        let mut command = Command::new(path);
        command.envs(postgres.environment());
        Ok(command)
    }

    /// Holds a table against everybody until `longest` is over or the value is dropped.
    pub(crate) fn lock_table(&self, table: &str, longest: Duration) -> Outcome<Running> {
        let seconds = longest.as_secs();
        let hold = format!("BEGIN; LOCK TABLE {table}; SELECT pg_sleep({seconds});");
        let mut psql = self.command("psql")?;
        psql.args(["-X", "-q", "-o", "/dev/null", "-c", &hold]);
        Running::start(&mut psql)
    }

    pub(crate) fn query(&self, sql: &str, interrupt: &Interrupt) -> Outcome<String> {
        let mut psql = self.command("psql")?;
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        output_of(&mut psql, interrupt).map(|printed| printed.trim().to_owned())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        (self.postgres, self.redis) = (None, None);
        if let Err(error) = local_services::reset(&self.folder, Purpose::Serve) {
            eprintln!("the benchmark's data could not be deleted: {error}");
        }
    }
}

/// Fills both tables, so that the newest rows are not all in memory by luck: in order of time, as
/// they would have come, and vacuumed, as they would be.
fn fill(database: &Database, interrupt: &Interrupt) -> Outcome<Rows> {
    let months = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'log_entries'::regclass";
    wait_for("the month's partition", interrupt, || {
        Ok(database.query(months, interrupt)?.parse::<u32>()? > 1)
    })?;
    let users = Plan::USERS - People::COUNT;
    let fillings = [
        include_str!("../../sql/users.sql").replace(":users", &users.to_string()),
        include_str!("../../sql/logs.sql").replace(":logs", &Plan::LOGS.to_string()),
        include_str!("../../sql/todos.sql")
            .replace(":people", &People::COUNT.to_string())
            .replace(":todos", &People::TODOS.to_string()),
    ];
    for filling in fillings {
        database.query(&filling, interrupt)?;
    }
    database.query("VACUUM (ANALYZE)", interrupt)?;
    database.query("CHECKPOINT", interrupt)?;
    let edge = |expression: &str| -> Outcome<u64> {
        let sql = format!("SELECT extract(epoch FROM {expression})::bigint");
        Ok(database.query(&sql, interrupt)?.parse()?)
    };
    Ok(Rows {
        month_start: edge("date_trunc('month', now())")?,
        month_end: edge("date_trunc('month', now()) + interval '1 month'")?,
        now: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
    })
}
