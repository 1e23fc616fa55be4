//! Every setting of the server. `--help` prints this file; it is the manual.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use ipnet::IpNet;
use secrecy::SecretString;

use crate::database::{Place, PoolerError};

mod duration;
mod operations;
mod origin;
mod outbound;
mod reach;
mod shop;
mod sign_in;

use duration::bound;
pub use duration::duration;
pub use operations::OperationsConfig;
pub use origin::origin;
pub use outbound::OutboundConfig;
pub use reach::{Pooler, ReachConfig, SessionUrl};
pub use shop::ShopConfig;
pub use sign_in::{AuthConfig, PasswordConfig};

/// Settings, each from a flag or the environment variable of the same meaning.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Address and port to listen on. Without it: 127.0.0.1:8080, or the next free port
    #[arg(long, env = "LISTEN", value_name = "ADDRESS:PORT", help_heading = "HTTP")]
    pub listen: Option<SocketAddr>,

    /// PostgreSQL to use, as postgres://user:password@host/name. Without it a private one starts
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    #[arg(help_heading = "Database")]
    pub database_url: Option<SecretString>,

    /// What stands between
    #[command(flatten)]
    pub reach: ReachConfig,

    /// What the database executor may use
    #[command(flatten)]
    pub database: DatabaseConfig,

    /// What is shared between servers
    #[command(flatten)]
    pub redis: RedisConfig,

    /// What a client may use
    #[command(flatten)]
    pub http: HttpConfig,

    /// What may be called from here
    #[command(flatten)]
    pub outbound: OutboundConfig,

    /// Who may sign in, and for how long
    #[command(flatten)]
    pub auth: AuthConfig,

    /// How passwords are kept
    #[command(flatten)]
    pub passwords: PasswordConfig,

    /// What a person on call may see
    #[command(flatten)]
    pub operations: OperationsConfig,

    /// How the shop takes orders and money
    #[command(flatten)]
    pub shop: ShopConfig,

    /// What is logged, as tracing directives
    #[arg(
        long,
        env = "LOG",
        default_value = "info,actix_server=warn,actix_http=off",
        value_name = "FILTER"
    )]
    #[arg(help_heading = "Telemetry")]
    pub log: String,

    /// How log lines look
    #[arg(long, env = "LOG_FORMAT", default_value = "human", help_heading = "Telemetry")]
    pub log_format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people: one coloured line.
    Human,
    /// For machines: one JSON object a line.
    Json,
}

/// Size and bounds of the database executor.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Database")]
pub struct DatabaseConfig {
    /// Threads, each with one connection, for short statements. 0: two per core
    #[arg(long, env = "DATABASE_THREADS", default_value_t = 0, value_name = "COUNT")]
    pub database_threads: usize,

    /// Threads, each with one connection, for writes, which wait for the disk together. 0: eight per core
    #[arg(long, env = "DATABASE_WRITE_THREADS", default_value_t = 0, value_name = "COUNT")]
    pub database_write_threads: usize,

    /// Threads, each with one connection, for long statements, so that they cannot hold up short ones
    #[arg(long, env = "DATABASE_LONG_THREADS", default_value_t = 2, value_name = "COUNT")]
    pub database_long_threads: usize,

    /// Requests that may wait for a thread of each lane; one more is refused at once
    #[arg(long, env = "DATABASE_QUEUE", default_value_t = 256, value_name = "COUNT")]
    pub database_queue: usize,

    /// How long a request may wait for a thread, and then for a connection, before it gets 503
    #[arg(long, env = "DATABASE_WAIT", default_value = "1s", value_name = "TIME")]
    #[arg(value_parser = bound)]
    pub database_wait: Duration,

    /// `statement_timeout` of the short lane
    #[arg(long, env = "STATEMENT_TIMEOUT", default_value = "2s", value_name = "TIME")]
    #[arg(value_parser = bound)]
    pub statement_timeout: Duration,

    /// `statement_timeout` of the long lane
    #[arg(long, env = "LONG_STATEMENT_TIMEOUT", default_value = "30s", value_name = "TIME")]
    #[arg(value_parser = bound)]
    pub long_statement_timeout: Duration,

    /// `lock_timeout` of both lanes
    #[arg(long, env = "LOCK_TIMEOUT", default_value = "1s", value_name = "TIME")]
    #[arg(value_parser = bound)]
    pub lock_timeout: Duration,
}

/// Where servers share caches and limits. Redis is never required: without it, and while it is
/// gone, each server keeps its own.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Redis")]
pub struct RedisConfig {
    /// Redis to use, as redis://:password@host:port/0, redis+unix:///path/to/socket, or a Redis Cluster
    /// by some of its nodes, redis+cluster://:password@host:port,host:port. Without it a private one
    /// starts where redis-server is installed
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL")]
    pub redis_url: Option<SecretString>,

    /// The longest wait for an answer of Redis; then requests go on without, also the next ones
    #[arg(long, env = "REDIS_WAIT", default_value = "50ms", value_name = "TIME")]
    #[arg(value_parser = bound)]
    pub redis_wait: Duration,
}

/// Limits on everything a client controls.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "HTTP")]
pub struct HttpConfig {
    /// Threads that serve HTTP. 0: one per two cores, as the database threads need cores too
    #[arg(long, env = "HTTP_WORKERS", default_value_t = 0, value_name = "COUNT")]
    pub http_workers: usize,

    /// Connections open at once for each worker; further ones wait to be accepted
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 10_000, value_name = "COUNT")]
    pub max_connections: usize,

    /// Requests served at once; further ones get 503 with Retry-After
    #[arg(long, env = "MAX_IN_FLIGHT", default_value_t = 1_024, value_name = "COUNT")]
    pub max_in_flight: usize,

    /// How long an idle connection is kept; longer than a proxy in front keeps its own, where one does
    #[arg(long, env = "KEEP_ALIVE", default_value = "5s", value_name = "TIME")]
    #[arg(value_parser = duration)]
    pub keep_alive: Duration,

    /// How long the head of a request may take to arrive
    #[arg(long, env = "HEAD_TIMEOUT", default_value = "5s", value_name = "TIME")]
    #[arg(value_parser = bound)]
    pub head_timeout: Duration,

    /// How long the body of a request may take to arrive
    #[arg(long, env = "BODY_TIMEOUT", default_value = "10s", value_name = "TIME")]
    #[arg(value_parser = bound)]
    pub body_timeout: Duration,

    /// How long a request may take to serve
    #[arg(long, env = "REQUEST_TIMEOUT", default_value = "35s", value_name = "TIME")]
    #[arg(value_parser = bound)]
    pub request_timeout: Duration,

    /// API requests per minute and client address. 0: no limit
    #[arg(long, env = "RATE_LIMIT", default_value_t = 6_000, value_name = "COUNT")]
    pub rate_limit: u32,

    /// Accounts that one client address may ask for per minute, as each costs a hash. 0: no limit
    #[arg(long, env = "REGISTRATION_LIMIT", default_value_t = 20, value_name = "COUNT")]
    pub registration_limit: u32,

    /// Proxies whose forwarding header is believed, as networks such as 10.0.0.0/8
    #[arg(long, env = "TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORK")]
    pub trusted_proxies: Vec<IpNet>,

    /// Web origins that may call the API from a browser, such as <https://app.example>
    #[arg(long, env = "CORS_ORIGINS", value_delimiter = ',', value_name = "ORIGIN")]
    #[arg(value_parser = origin)]
    pub cors_origins: Vec<String>,

    /// How long to serve on after SIGTERM while readiness already says no, for load balancers
    #[arg(long, env = "DRAIN", default_value = "0s", value_name = "TIME")]
    #[arg(value_parser = duration)]
    pub drain: Duration,

    /// How long requests in flight may take to finish after that
    #[arg(long, env = "SHUTDOWN_TIMEOUT", default_value = "20s", value_name = "TIME")]
    #[arg(value_parser = duration)]
    pub shutdown_timeout: Duration,
}

impl Config {
    /// Where to listen when nothing was said, and how many further ports to try.
    pub const DEFAULT_PORTS: std::ops::Range<u16> = 8080..8100;

    /// Where the database is that was named, if any.
    ///
    /// # Errors
    /// [`PoolerError::NoSession`].
    pub fn place(&self) -> Result<Option<Place>, PoolerError> {
        let Some(url) = &self.database_url else { return Ok(None) };
        Ok(Some(match (self.reach.database_pooler, &self.reach.direct_database_url) {
            (Pooler::None, _) => Place::from(url),
            (Pooler::Transaction, Some(session)) => Place::pooled(url.clone(), session.clone()),
            (Pooler::Transaction, None) => return Err(PoolerError::NoSession),
        }))
    }
}

impl DatabaseConfig {
    /// Threads of the short lane with the default resolved.
    #[must_use]
    pub fn short_threads(&self) -> usize {
        if self.database_threads > 0 { self.database_threads } else { 2 * cores() }
    }

    /// Threads of the write lane with the default resolved. At most 64, as each is a process of
    /// PostgreSQL, and a few dozen commits already share each flush of its log.
    #[must_use]
    pub fn write_threads(&self) -> usize {
        match self.database_write_threads {
            0 => (8 * cores()).min(64),
            threads => threads,
        }
    }
}

impl HttpConfig {
    /// Worker threads with the default resolved.
    #[must_use]
    pub fn workers(&self) -> usize {
        if self.http_workers > 0 { self.http_workers } else { (cores() / 2).max(1) }
    }
}

/// Logical cores, and 1 where the system does not tell.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
