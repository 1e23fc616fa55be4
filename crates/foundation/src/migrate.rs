//! Brings a database up to the schema of this build.

use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

/// The SQL files of `migrations/`, embedded, so that a binary needs nothing beside it.
const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// The same on every server, so that replicas can start together.
const MIGRATION_LOCK: i64 = 0x5359_574d;

/// A migration failed.
#[derive(Debug, thiserror::Error)]
#[error("the database could not be migrated: {0}")]
pub struct MigrationError(String);

/// Applies what is missing, under an advisory lock: the first server migrates, the others wait and
/// find nothing left to do. Returns how many were applied.
///
/// # Errors
/// When a statement fails; what came before it stays applied.
pub fn migrate(connection: &mut PgConnection) -> Result<usize, MigrationError> {
    let failed =
        |error: Box<dyn std::error::Error + Send + Sync>| MigrationError(error.to_string());
    let lock = format!("SELECT pg_advisory_lock({MIGRATION_LOCK})");
    diesel::sql_query(lock).execute(connection).map_err(|error| failed(error.into()))?;
    let applied = connection.run_pending_migrations(MIGRATIONS).map(|applied| applied.len());
    let unlock = format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})");
    diesel::sql_query(unlock).execute(connection).map_err(|error| failed(error.into()))?;
    applied.map_err(failed)
}

/// A short name for the schema of this build, which changes with the text of any migration.
pub const SCHEMA_VERSION: &str = env!("SCHEMA_VERSION");
