//! What a pooler in transaction mode has to bring: timeouts, as `SET` would reach anybody.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use secrecy::ExposeSecret;

use super::Place;
use super::bounds::{PATIENTLY, bounded};
use crate::config::DatabaseConfig;

/// A transaction whose client is gone must not hold its locks.
pub(super) const IDLE_IN_TRANSACTION: u128 = 10_000;

/// The pooler cannot be used as it is.
#[derive(Debug, thiserror::Error)]
pub enum PoolerError {
    /// A setting is missing.
    #[error(
        "DATABASE_POOLER=transaction needs DIRECT_DATABASE_URL as well, which leads past the pooler: \
         migrations and session locks do not work through it."
    )]
    NoSession,
    /// It does not answer, or PostgreSQL behind it does not.
    #[error("the pooler of DATABASE_URL does not answer")]
    Unreachable,
    /// Statements would run without bounds.
    #[error(
        "sessions behind the pooler have no {missing}. Set it there, as PgBouncer would hand a SET of \
         this server to anybody. In pgbouncer.ini, behind the database:\n  connect_query='{query}'\n\
         or in PostgreSQL, as the role of DATABASE_URL, and then RECONNECT on PgBouncer's console:\n  \
         {role}"
    )]
    Unbounded {
        /// Which setting is 0.
        missing: String,
        /// For PgBouncer.
        query: String,
        /// For PostgreSQL.
        role: String,
    },
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    value: i64,
}

/// What sessions behind a pooler must be set to, in milliseconds.
fn wanted(config: &DatabaseConfig) -> [(&'static str, u128); 3] {
    [
        ("statement_timeout", config.statement_timeout.as_millis()),
        ("lock_timeout", config.lock_timeout.as_millis()),
        ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
    ]
}

/// Makes sure that statements behind the pooler are bounded.
///
/// Chosen instead of `SET LOCAL` in each transaction, which makes three round trips of one, and
/// instead of altering the role from here, which would bound its sessions everywhere else too.
///
/// # Errors
/// [`PoolerError`]; the message holds the line that is missing.
pub fn check(place: &Place, config: &DatabaseConfig) -> Result<(), PoolerError> {
    if !place.is_pooled() {
        return Ok(());
    }
    let settings = read(place).map_err(|_| PoolerError::Unreachable)?;
    let value = |name: &str| {
        let found = settings.iter().find(|setting| setting.name == name);
        found.map_or(0, |setting| u128::from(setting.value.unsigned_abs()))
    };
    let wanted = wanted(config);
    let missing: Vec<&str> =
        wanted.iter().map(|(name, _)| *name).filter(|name| value(name) == 0).collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        let query = connect_query(config);
        return Err(PoolerError::Unbounded { missing, query, role: role_defaults(config) });
    }
    for (name, wanted) in wanted {
        let found = value(name);
        if found != wanted {
            tracing::warn!(name, found, wanted, "the pooler's sessions have another bound, in ms");
        }
    }
    Ok(())
}

fn read(place: &Place) -> Result<Vec<Setting>, Box<dyn std::error::Error>> {
    let mut connection = PgConnection::establish(&bounded(place.url.expose_secret(), PATIENTLY))?;
    let names = "SELECT name, setting::bigint AS value FROM pg_settings WHERE name IN (
        'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout')";
    connection.set_prepared_statement_cache_size(diesel::connection::CacheSize::Disabled);
    Ok(diesel::sql_query(names).load(&mut connection)?)
}

/// What PgBouncer is told to send on each new connection.
#[must_use]
pub fn connect_query(config: &DatabaseConfig) -> String {
    wanted(config).map(|(name, value)| format!("SET {name} = {value};")).join(" ")
}

/// The same as defaults of a role, where the pooler knows nothing like that.
#[must_use]
pub fn role_defaults(config: &DatabaseConfig) -> String {
    let role = |(name, value)| {
        format!(
            "DO $$ BEGIN EXECUTE format('ALTER ROLE CURRENT_USER IN DATABASE %I SET {name} = {value}', \
             current_database()); END $$;"
        )
    };
    wanted(config).map(role).join("\n  ")
}
