//! Brings a database up to the schema of this build.

use std::thread::sleep;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

/// The SQL files of `migrations/`, embedded, so that a binary needs nothing beside it.
const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// The same on every server, so that replicas can start together.
const MIGRATION_LOCK: i64 = 0x5359_574d;

/// How long another server may take to migrate, and the time between two looks.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
const PAUSE: Duration = Duration::from_millis(100);

/// A migration failed.
#[derive(Debug, thiserror::Error)]
#[error("the database could not be migrated: {0}")]
pub struct MigrationError(String);

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

/// Applies what is missing, under an advisory lock: the first server migrates, the others wait and
/// find nothing left to do. Returns how many were applied.
///
/// # Errors
/// When a statement fails; what came before it stays applied. Also when another server has been at
/// it for a quarter of an hour.
pub fn migrate(connection: &mut PgConnection) -> Result<usize, MigrationError> {
    migrate_within(connection, PATIENCE)
}

fn migrate_within(
    connection: &mut PgConnection,
    patience: Duration,
) -> Result<usize, MigrationError> {
    let failed =
        |error: Box<dyn std::error::Error + Send + Sync>| MigrationError(error.to_string());
    wait_for_lock(connection, patience)?;
    let applied = connection.run_pending_migrations(MIGRATIONS).map(|applied| applied.len());
    let unlock = format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})");
    diesel::sql_query(unlock).execute(connection).map_err(|error| failed(error.into()))?;
    applied.map_err(failed)
}

/// Asked for again and again, instead of waited for in one statement: its snapshot would hold up a
/// CREATE INDEX CONCURRENTLY of the server that migrates, which waits for all older ones.
fn wait_for_lock(connection: &mut PgConnection, patience: Duration) -> Result<(), MigrationError> {
    let end = Instant::now() + patience;
    let query = format!("SELECT pg_try_advisory_lock({MIGRATION_LOCK}) AS locked");
    let mut told = false;
    loop {
        let taken = diesel::sql_query(&query).get_result::<Locked>(connection);
        if taken.map_err(|error| MigrationError(error.to_string()))?.locked {
            return Ok(());
        }
        if Instant::now() >= end {
            return Err(MigrationError(format!(
                "another server has been migrating it for {} s. See what it does \
                 (SELECT * FROM pg_stat_activity), then start again",
                patience.as_secs()
            )));
        }
        if !told {
            tracing::info!("waiting for another server that migrates the database");
            told = true;
        }
        sleep(PAUSE);
    }
}

/// A short name for the schema of this build, which changes with the text of any migration.
pub const SCHEMA_VERSION: &str = env!("SCHEMA_VERSION");

#[cfg(test)]
mod tests {
    use local_services::Purpose;

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_server_that_never_ends_its_migration_is_not_waited_for_without_end() {
        let scratch = Scratch::create(Purpose::Test).unwrap();
        let (mut first, mut second) = (scratch.connect().unwrap(), scratch.connect().unwrap());
        wait_for_lock(&mut first, PATIENCE).unwrap();
        let error = migrate_within(&mut second, Duration::from_millis(300)).unwrap_err();
        assert!(error.to_string().contains("pg_stat_activity"), "{error}");
        drop(first);
        assert_eq!(migrate_within(&mut second, PATIENCE).unwrap(), 0, "its lock went with it");
    }
}
