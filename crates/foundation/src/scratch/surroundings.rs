//! What tests may put around a scratch database: a pooler in front of it, a replica beside it.

use clap::Parser;
use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use secrecy::{ExposeSecret, SecretString};

use super::{Scratch, ScratchError, with_database};
use crate::backing::UNBOUNDED;
use crate::config::DatabaseConfig;
use crate::database::{Place, role_defaults};

/// A pooler in transaction mode that finds every database of the server, as PgBouncer's `*` does.
const POOLER: &str = "TEST_DATABASE_POOLER_URL";
/// A streaming replica of the server.
const REPLICA: &str = "TEST_REPLICA_URL";

#[derive(Parser)]
struct Defaults {
    #[command(flatten)]
    database: DatabaseConfig,
}

fn named(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|url| !url.is_empty())
}

/// Lets sessions behind the pooler start with bounds, as its operator would have to.
pub(super) fn bound_pooled_sessions(connection: &mut PgConnection) -> Result<(), ScratchError> {
    if named(POOLER).is_some() {
        let defaults = Defaults::parse_from(["scratch"]).database;
        connection.batch_execute(&role_defaults(&defaults))?;
    }
    Ok(())
}

/// These bounds are for pooled sessions alone.
pub(super) fn lift_bounds(connection: &mut PgConnection) -> Result<(), ScratchError> {
    if named(POOLER).is_some() {
        connection.batch_execute(UNBOUNDED)?;
    }
    Ok(())
}

impl Scratch {
    /// Where a server finds it: through the pooler of `TEST_DATABASE_POOLER_URL` where that is set.
    #[must_use]
    pub fn place(&self) -> Place {
        match self.through(POOLER) {
            Some(pooled) => Place::pooled(pooled, self.url()),
            None => Place::from(&self.url()),
        }
    }

    /// The same database on the replica of `TEST_REPLICA_URL`, where that is set.
    #[must_use]
    pub fn replica_url(&self) -> Option<SecretString> {
        self.through(REPLICA)
    }

    /// What the environment of a server holds that shall use this database.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let place = self.place();
        let mut variables = vec![("DATABASE_URL", place.url().expose_secret().to_owned())];
        if place.is_pooled() {
            variables.push(("DATABASE_POOLER", "transaction".to_owned()));
            variables.push(("DIRECT_DATABASE_URL", place.session().expose_secret().to_owned()));
        }
        let replica = self.replica_url();
        variables.extend(replica.map(|url| ("REPLICA_URL", url.expose_secret().to_owned())));
        variables
    }

    /// Makes later sessions behind the pooler of the tests start with these bounds.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn bound(&self, config: &DatabaseConfig) -> Result<(), ScratchError> {
        if named(POOLER).is_some() {
            self.connect()?.batch_execute(&role_defaults(config))?;
        }
        Ok(())
    }

    fn through(&self, variable: &str) -> Option<SecretString> {
        let url = named(variable)?;
        with_database(&url, &self.name).ok().map(SecretString::from)
    }
}
