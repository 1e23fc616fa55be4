//! How the database is reached: directly, through a pooler, and on a replica.

use std::time::Duration;

use clap::{Args, ValueEnum};
use secrecy::SecretString;

use super::duration;

/// What stands between this server and PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Pooler {
    /// Nothing: a connection is a session.
    None,
    /// A pooler such as PgBouncer in transaction mode: nothing outlives a transaction.
    Transaction,
}

/// A pooler and a replica, for more servers than one PostgreSQL has connections or time for.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Database")]
pub struct ReachConfig {
    /// What DATABASE_URL leads to: PostgreSQL itself, or a pooler in transaction mode, whose
    /// sessions have to bring their timeouts
    #[arg(long, env = "DATABASE_POOLER", default_value = "none", value_name = "MODE")]
    pub database_pooler: Pooler,

    /// PostgreSQL itself, where DATABASE_URL leads to a pooler: for migrations, session locks and
    /// long statements
    #[arg(long, env = "DIRECT_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub direct_database_url: Option<SecretString>,

    /// A streaming replica, past any pooler, for reads that may be a little old. Without it, and while
    /// it is away, the primary serves them
    #[arg(long, env = "REPLICA_URL", hide_env_values = true, value_name = "URL")]
    pub replica_url: Option<SecretString>,

    /// How far behind the replica may be before its reads go to the primary, and how long a user's
    /// own write is remembered; at least 1s
    #[arg(long, env = "REPLICA_LAG", default_value = "5s", value_name = "TIME")]
    #[arg(value_parser = duration)]
    pub replica_lag: Duration,
}

/// For commands that hold session locks: a pooler in transaction mode would lose those.
#[derive(Args, Clone, Debug)]
pub struct SessionUrl {
    /// PostgreSQL to work on. Without it: the private one that `serve` uses
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<SecretString>,
    /// PostgreSQL itself, where DATABASE_URL leads to a pooler
    #[arg(long, global = true, env = "DIRECT_DATABASE_URL", hide_env_values = true)]
    #[arg(value_name = "URL")]
    direct_database_url: Option<SecretString>,
}

impl SessionUrl {
    /// Where a session can be had; nothing for the private server.
    #[must_use]
    pub fn url(&self) -> Option<&SecretString> {
        self.direct_database_url.as_ref().or(self.database_url.as_ref())
    }
}
