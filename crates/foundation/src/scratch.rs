//! Databases that live as long as one test or one demo run.

mod leftovers;
mod surroundings;
mod template;

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use evidence::{HookGuard, Stage};
use local_services::{Purpose, server_url};
use secrecy::SecretString;
use url::Url;

use crate::database::{PATIENTLY, bounded};
use crate::migrate::MigrationError;
pub use leftovers::sweep;

/// Prefix of every scratch database, by which leftovers are recognised.
const PREFIX: &str = "show_your_work_scratch_";
/// The session of a keeper may idle for as long as its database is in use, and waits for the
/// template no longer than any machine takes to make it.
const KEEPER: &str =
    "SET idle_session_timeout = 0; SET statement_timeout = 0; SET lock_timeout = '2min'";

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
    /// Of the database that the server was named with.
    server: String,
    /// Holds an advisory lock for as long as the database is in use: one whose lock nobody holds was
    /// left behind by a process that died, and may be dropped by anybody.
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
        let (server, name) = (scratch.server.clone(), scratch.name.clone());
        let guard = stage.interrupt().on_request(move || drop_database(&server, &name));
        Ok((scratch, guard))
    }

    /// Makes one on this server, of which the role may make databases.
    ///
    /// # Errors
    /// See [`ScratchError`].
    pub fn create_on(server: &str) -> Result<Self, ScratchError> {
        static SWEPT: OnceLock<()> = OnceLock::new();
        let mut keeper = connect(server)?;
        keeper.batch_execute(KEEPER)?;
        if SWEPT.set(()).is_ok() {
            leftovers::drop_all(&mut keeper)?;
        }
        let name = unique_name();
        // Locked before it exists, so that no sweep can take it for a leftover.
        mark_as_used(&mut keeper, &name)?;
        template::clone_to(&name, &mut keeper, server)?;
        let (server, url) = (server.to_owned(), with_database(server, &name)?);
        let scratch = Self { name, url, server, keeper: Mutex::new(keeper) };
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
        let mut connection = connect(&self.url)?;
        surroundings::lift_bounds(&mut connection)?;
        Ok(connection)
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
    if let Ok(mut connection) = connect(server) {
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

/// Bounded: libpq alone would wait for ever for a server that accepts and says nothing.
fn connect(url: &str) -> ConnectionResult<PgConnection> {
    PgConnection::establish(&bounded(url, PATIENTLY))
}

/// The same server, another database. A `dbname` among the parameters would win over the path.
fn with_database(server: &str, name: &str) -> Result<String, ScratchError> {
    let mut url = Url::parse(server)?;
    url.set_path(&format!("/{name}"));
    if url.query_pairs().any(|(key, _)| key == "dbname") {
        let kept: Vec<_> =
            url.query_pairs().into_owned().filter(|(key, _)| key != "dbname").collect();
        // Spaces as %20: libpq takes a plus sign for itself.
        let mut query = form_urlencoded::Serializer::new(String::new());
        let query = query.extend_pairs(kept).finish().replace('+', "%20");
        url.set_query(Some(&query));
    }
    Ok(url.into())
}

/// Says to every process of this server that the database of this name is in use, until the session
/// of `keeper` ends.
fn mark_as_used(keeper: &mut PgConnection, name: &str) -> QueryResult<()> {
    let lock = diesel::sql_query("SELECT pg_advisory_lock(hashtextextended($1, 0))");
    lock.bind::<Text, _>(name).execute(keeper).map(drop)
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

fn server_version(connection: &mut PgConnection) -> QueryResult<String> {
    let query = "SELECT split_part(current_setting('server_version'), ' ', 1) AS name";
    Ok(diesel::sql_query(query).get_result::<Named>(connection)?.name)
}
