//! Databases that live as long as one test or one demo run.

mod surroundings;

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use evidence::{HookGuard, Stage};
use local_services::{Purpose, server_url};
use secrecy::SecretString;
use url::Url;

use crate::migrate::{self, MigrationError, SCHEMA_VERSION};

/// Prefix of every scratch database, by which leftovers are recognised.
const PREFIX: &str = "show_your_work_scratch_";
/// Prefix of the migrated database that scratch databases are cloned from.
const TEMPLATE_PREFIX: &str = "show_your_work_template_";
/// Serialises the making of the template across processes.
const TEMPLATE_LOCK: i64 = 0x5359_5754;

/// No scratch database could be made.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// The private server did not start.
    #[error(transparent)]
    Services(#[from] local_services::Error),
    /// The server could not be reached.
    #[error("PostgreSQL cannot be reached: {0}")]
    Connect(#[from] ConnectionError),
    /// A statement failed; most often the role may not create databases.
    #[error("PostgreSQL refused ({0}); the role needs CREATEDB")]
    Statement(#[from] diesel::result::Error),
    /// The schema could not be made.
    #[error(transparent)]
    Migrate(#[from] MigrationError),
    /// `DATABASE_URL` is not a URL.
    #[error("DATABASE_URL is not of the form postgres://user:password@host/name")]
    Url(#[from] url::ParseError),
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// The single number that an expression, or a query that gives one, stands for.
///
/// # Errors
/// Whatever the database says.
pub fn number(connection: &mut PgConnection, expression: &str) -> QueryResult<u64> {
    let query = diesel::sql_query(format!("SELECT ({expression})::bigint AS number"));
    Ok(query.get_result::<Number>(connection)?.number.unsigned_abs())
}

/// A migrated, empty database of its own, dropped with this value.
pub struct Scratch {
    name: String,
    url: String,
    /// Holds an advisory lock for as long as the database is in use: a database whose lock is free
    /// was left behind by a process that died, and may be dropped by anybody.
    /// A mutex only so that threads of a test can share the database's value.
    keeper: Mutex<PgConnection>,
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scratch").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Scratch {
    /// Makes one on the server for `purpose`, by cloning a migrated template.
    ///
    /// # Errors
    /// See [`ScratchError`].
    pub fn create(purpose: Purpose) -> Result<Self, ScratchError> {
        Self::create_on(&server_url(purpose)?)
    }

    /// Makes one for a demo run and drops it as soon as the reader stops the run, which also ends
    /// the statement that is running. Keep the guard as long as the database.
    ///
    /// # Errors
    /// See [`ScratchError`].
    pub fn for_demo(stage: &Stage) -> Result<(Self, HookGuard), ScratchError> {
        let scratch = Self::create(Purpose::Demo)?;
        let mut connection = scratch.connect()?;
        stage.uses_postgres(&server_version(&mut connection)?);
        let (server, name) = (scratch.server()?, scratch.name.clone());
        let guard = stage.interrupt().on_request(move || drop_database(&server, &name));
        Ok((scratch, guard))
    }

    /// Makes one on this server, of which the role may make databases.
    ///
    /// # Errors
    /// See [`ScratchError`].
    pub fn create_on(server: &str) -> Result<Self, ScratchError> {
        static SWEPT: OnceLock<()> = OnceLock::new();
        let mut keeper = PgConnection::establish(server)?;
        if SWEPT.set(()).is_ok() {
            sweep(&mut keeper)?;
        }
        let template = ensure_template(&mut keeper, server)?;
        let name = unique_name();
        // Locked before it exists, so that no sweep can take it for a leftover.
        diesel::sql_query("SELECT pg_advisory_lock(hashtextextended($1, 0))")
            .bind::<Text, _>(&name)
            .execute(&mut keeper)?;
        diesel::sql_query(format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .execute(&mut keeper)?;
        let url = with_database(server, &name)?;
        let scratch = Self { name, url, keeper: Mutex::new(keeper) };
        surroundings::bound_pooled_sessions(&mut scratch.connect()?)?;
        Ok(scratch)
    }

    /// The URL of the database.
    #[must_use]
    pub fn url(&self) -> SecretString {
        SecretString::from(self.url.clone())
    }

    /// The name of the database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A new connection to it.
    ///
    /// # Errors
    /// When the server is gone.
    pub fn connect(&self) -> Result<PgConnection, ScratchError> {
        let mut connection = PgConnection::establish(&self.url)?;
        surroundings::lift_bounds(&mut connection)?;
        Ok(connection)
    }

    fn server(&self) -> Result<String, ScratchError> {
        with_database(&self.url, "postgres")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // Nothing better can be done here; the next sweep takes what is left.
        let keeper = self.keeper.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = diesel::sql_query(statement).execute(keeper);
    }
}

fn drop_database(server: &str, name: &str) {
    if let Ok(mut connection) = PgConnection::establish(server) {
        let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        let _ = diesel::sql_query(statement).execute(&mut connection);
    }
}

fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let serial = NEXT.fetch_add(1, Ordering::Relaxed);
    let started = chrono::Utc::now().timestamp_micros();
    format!("{PREFIX}{}_{serial}_{started}", process::id())
}

fn with_database(server: &str, name: &str) -> Result<String, ScratchError> {
    let mut url = Url::parse(server)?;
    url.set_path(&format!("/{name}"));
    Ok(url.into())
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Flag {
    #[diesel(sql_type = Bool)]
    flag: bool,
}

fn server_version(connection: &mut PgConnection) -> QueryResult<String> {
    let query = "SELECT split_part(current_setting('server_version'), ' ', 1) AS name";
    Ok(diesel::sql_query(query).get_result::<Named>(connection)?.name)
}

fn databases_with(connection: &mut PgConnection, prefix: &str) -> QueryResult<Vec<Named>> {
    diesel::sql_query(
        "SELECT datname::text AS name FROM pg_database WHERE starts_with(datname, $1)",
    )
    .bind::<Text, _>(prefix)
    .load(connection)
}

/// Drops what processes that died left behind.
fn sweep(connection: &mut PgConnection) -> QueryResult<()> {
    for Named { name } in databases_with(connection, PREFIX)? {
        let query = "SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS flag";
        let free =
            diesel::sql_query(query).bind::<Text, _>(&name).get_result::<Flag>(connection)?;
        if free.flag {
            diesel::sql_query(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
                .execute(connection)?;
            diesel::sql_query("SELECT pg_advisory_unlock(hashtextextended($1, 0))")
                .bind::<Text, _>(&name)
                .execute(connection)?;
        }
    }
    Ok(())
}

/// Makes the template once per schema version. It gets its final name only when it is complete, so
/// that a process that dies half-way leaves no broken template.
fn ensure_template(connection: &mut PgConnection, server: &str) -> Result<String, ScratchError> {
    let template = format!("{TEMPLATE_PREFIX}{SCHEMA_VERSION}");
    diesel::sql_query("SELECT pg_advisory_lock($1)")
        .bind::<BigInt, _>(TEMPLATE_LOCK)
        .execute(connection)?;
    let made = make_template(connection, server, &template);
    diesel::sql_query("SELECT pg_advisory_unlock($1)")
        .bind::<BigInt, _>(TEMPLATE_LOCK)
        .execute(connection)?;
    made.map(|()| template)
}

fn make_template(
    connection: &mut PgConnection,
    server: &str,
    template: &str,
) -> Result<(), ScratchError> {
    if !databases_with(connection, template)?.is_empty() {
        return Ok(());
    }
    let draft = unique_name();
    diesel::sql_query(format!("CREATE DATABASE {draft} TEMPLATE template0")).execute(connection)?;
    let migrated = PgConnection::establish(&with_database(server, &draft)?)
        .map_err(ScratchError::from)
        .and_then(|mut fresh| Ok(migrate::migrate(&mut fresh)?));
    if let Err(error) = migrated {
        diesel::sql_query(format!("DROP DATABASE {draft} WITH (FORCE)")).execute(connection)?;
        return Err(error);
    }
    wait_until_unused(connection, &draft)?;
    diesel::sql_query(format!("ALTER DATABASE {draft} RENAME TO {template}"))
        .execute(connection)?;
    drop_older_templates(connection, template)
}

/// A server process outlives the client's goodbye by a moment, and a database in use cannot be
/// renamed.
fn wait_until_unused(connection: &mut PgConnection, database: &str) -> QueryResult<()> {
    let query = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = $1) AS flag";
    for _ in 0..500 {
        let idle = diesel::sql_query(query).bind::<Text, _>(database);
        if idle.get_result::<Flag>(connection)?.flag {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Ok(())
}

fn drop_older_templates(connection: &mut PgConnection, current: &str) -> Result<(), ScratchError> {
    for Named { name } in databases_with(connection, TEMPLATE_PREFIX)? {
        if name != current {
            // Another build may be cloning it at this moment; then it stays until the next time.
            let _ =
                diesel::sql_query(format!("DROP DATABASE IF EXISTS {name}")).execute(connection);
        }
    }
    Ok(())
}
