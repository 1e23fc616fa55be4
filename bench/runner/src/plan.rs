//! What is measured, how long, and where the result goes.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::Outcome;

/// Measure the backend beside its peers; writes docs/performance.md after a full run
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// One short round, for trying the benchmark itself; its numbers mean nothing
    #[arg(long)]
    quick: bool,
    /// Only these workloads
    #[arg(long, value_delimiter = ',')]
    only: Vec<Workload>,
    /// Only these servers
    #[arg(long, value_delimiter = ',')]
    servers: Vec<Contender>,
    /// Connections at once
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 32, 128])]
    connections: Vec<u32>,
    /// Rounds; the median of them is reported, with the lowest and the highest
    #[arg(long)]
    rounds: Option<u32>,
    /// Seconds of load for each server, workload and number of connections in a round
    #[arg(long)]
    seconds: Option<u64>,
    /// Leave out the paced load that tells what a request costs
    #[arg(long)]
    no_cost: bool,
    /// Leave out long statements, crowds and overload
    #[arg(long)]
    no_pressure: bool,
    /// The backend to measure; settings reach it as environment variables
    #[arg(long, value_name = "FILE")]
    backend: Option<PathBuf>,
    /// Where to write the report; of a run that is not the full one: .local/bench/performance.md
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What is asked of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Workload {
    /// One user by id
    Read,
    /// Twenty log entries of a month, newest first
    Page,
    /// One log entry, durable when it is acknowledged
    Insert,
    /// One of somebody's own to-dos by id, with a token
    TodoRead,
    /// Somebody's fifty to-dos, with a token, from the database
    TodoList,
    /// The same, cached
    TodoListCached,
    /// One more to-do, with a token, durable when it is acknowledged
    TodoCreate,
}

/// Who is asked. The order is the order in a round and in the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Contender {
    /// Constant answers: the limit of HTTP
    Plaintext,
    /// This project
    Backend,
    /// axum and sqlx
    AxumSqlx,
    /// The same without the ping at checkout that sqlx makes by default
    AxumSqlxNoPing,
    /// actix-web, diesel-async and deadpool
    DieselAsync,
    /// No server at all: the limit of the database
    Pgbench,
}

/// A run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) workloads: Vec<Workload>,
    pub(crate) contenders: Vec<Contender>,
    connections: Vec<u32>,
    pub(crate) rounds: u32,
    /// Load for one cell of a table in one round.
    pub(crate) cell: Duration,
    pub(crate) with_cost: bool,
    pub(crate) with_pressure: bool,
    /// Whether everything was measured for long enough to be quoted.
    pub(crate) is_full: bool,
    /// The project.
    pub(crate) root: PathBuf,
    /// Where this benchmark keeps its own database, away from the reader's data.
    pub(crate) folder: PathBuf,
    pub(crate) backend: PathBuf,
    pub(crate) output: PathBuf,
    /// In base64. What the backend signs tokens with and the peers check them with, in this run.
    pub(crate) token_key: String,
}

impl Plan {
    /// Users that a point read chooses from.
    pub(crate) const USERS: u32 = 100_000;
    /// Log entries of the present month.
    pub(crate) const LOGS: u32 = 1_000_000;

    pub(crate) fn new(arguments: &Arguments) -> Outcome<Self> {
        let root = evidence::workspace::root().ok_or("run this inside the project")?;
        let folder = root.join(".local/bench");
        std::fs::create_dir_all(&folder)?;
        let rounds = arguments.rounds.unwrap_or(if arguments.quick { 1 } else { 3 });
        let seconds = arguments.seconds.unwrap_or(if arguments.quick { 1 } else { 3 });
        let is_full = arguments.only.is_empty()
            && arguments.servers.is_empty()
            && arguments.connections == [1, 8, 32, 128]
            && !arguments.no_cost
            && !arguments.no_pressure
            && arguments.backend.is_none()
            && rounds >= 3
            && seconds >= 3;
        let usual =
            if is_full { root.join("docs/performance.md") } else { folder.join("performance.md") };
        Ok(Self {
            workloads: chosen(&arguments.only, &Workload::ALL),
            contenders: chosen(&arguments.servers, &Contender::STANDARD),
            connections: arguments.connections.clone(),
            rounds: rounds.max(1),
            cell: Duration::from_secs(seconds.max(1)),
            with_cost: !arguments.no_cost,
            with_pressure: !arguments.no_pressure,
            is_full,
            backend: arguments.backend.clone().unwrap_or(root.join("target/release/backend")),
            output: arguments.output.clone().unwrap_or(usual),
            token_key: random_key()?,
            root,
            folder,
        })
    }
}

/// Hexadecimal digits, which are base64 too.
fn random_key() -> Outcome<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Plan {
    /// How many connections ask at once. To-dos repeat what the other workloads show, so a full run
    /// asks for them at 32 only, where the ratios are taken.
    pub(crate) fn connections(&self, workload: Workload) -> Vec<u32> {
        let is_plain = matches!(workload, Workload::Read | Workload::Page | Workload::Insert);
        let all = self.connections.iter().copied();
        if is_plain || !self.is_full { all.collect() } else { all.filter(|at| *at == 32).collect() }
    }
}

fn chosen<T: Copy + Ord>(asked: &[T], standard: &[T]) -> Vec<T> {
    let mut chosen = if asked.is_empty() { standard.to_vec() } else { asked.to_vec() };
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

impl Workload {
    pub(crate) const ALL: [Self; 7] = [
        Self::Read,
        Self::Page,
        Self::Insert,
        Self::TodoRead,
        Self::TodoList,
        Self::TodoListCached,
        Self::TodoCreate,
    ];

    /// The backend caches the list as most clients ask for it. With a limit of one's own, which
    /// here changes nothing of the answer, it comes from the database.
    pub(crate) const LIST: &str = "/api/v1/todos?limit=99";
    pub(crate) const CACHED_LIST: &str = "/api/v1/todos";

    /// The name in tables.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Read => "Point read",
            Self::Page => "Page of 20",
            Self::Insert => "Insert",
            Self::TodoRead => "To-do",
            Self::TodoList => "List of to-dos",
            Self::TodoListCached => "List of to-dos, cached",
            Self::TodoCreate => "New to-do",
        }
    }

    /// The variable by which plain text is told its answer.
    pub(crate) const fn constant(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::Page => "PAGE",
            Self::Insert => "INSERT",
            Self::TodoRead => "TODO_READ",
            Self::TodoList | Self::TodoListCached => "TODO_LIST",
            Self::TodoCreate => "TODO_CREATE",
        }
    }

    /// The statement that every server runs; `None` where the point is to run none.
    pub(crate) const fn sql(self) -> Option<&'static str> {
        Some(match self {
            Self::Read => include_str!("../../sql/read.sql"),
            Self::Page => include_str!("../../sql/page.sql"),
            Self::Insert => include_str!("../../sql/insert.sql"),
            Self::TodoRead => include_str!("../../sql/todo_read.sql"),
            Self::TodoList => include_str!("../../sql/todo_list.sql"),
            Self::TodoCreate => include_str!("../../sql/todo_create.sql"),
            Self::TodoListCached => return None,
        })
    }
}

impl Contender {
    /// The peers have no cache, and pgbench has nothing to cache.
    pub(crate) fn can(self, workload: Workload) -> bool {
        workload != Workload::TodoListCached || matches!(self, Self::Plaintext | Self::Backend)
    }

    const STANDARD: [Self; 5] =
        [Self::Plaintext, Self::Backend, Self::AxumSqlx, Self::DieselAsync, Self::Pgbench];

    /// The name in tables.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Plaintext => "plain text",
            Self::Backend => "**backend**",
            Self::AxumSqlx => "axum + sqlx",
            Self::AxumSqlxNoPing => "axum + sqlx, no ping",
            Self::DieselAsync => "actix + diesel-async",
            Self::Pgbench => "pgbench",
        }
    }
}
