//! What the server stands on, a database and perhaps a Redis: named ones, or private ones.

mod connecting;

use std::path::PathBuf;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use local_services::{Error, MINIMUM_POSTGRES, Postgres, Purpose, Redis, project_root};
use secrecy::{ExposeSecret, SecretString};

use crate::config::Config;
use crate::database::{Place, PoolerError, check_pooler};
use crate::migrate::{MigrationError, migrate};
pub use connecting::connect;
use connecting::{DATABASE_URL, connect_to, new_enough};

/// A migration may take longer than a request.
pub(crate) const UNBOUNDED: &str = "SET statement_timeout = 0; SET lock_timeout = 0; \
     SET idle_in_transaction_session_timeout = 0";

/// How long a database that was named may take to answer: containers start side by side.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum BackingError {
    /// No private server could be started.
    #[error("{0}\nOr name a server: DATABASE_URL=postgres://user:password@host/name")]
    Private(#[from] Error),
    /// The named server does not answer.
    #[error(
        "the database of {variable} does not answer: {reason}\n\
         Check that it runs and that host, port, name and password are right \
         (psql \"${variable}\" should connect), or unset {variable} to get a private one."
    )]
    Unreachable {
        /// Which setting named it.
        variable: &'static str,
        /// What libpq says.
        reason: String,
    },
    /// The URL cannot be read.
    #[error(
        "{0} is not of the form postgres://user:password@host/name.\n\
         Correct it, or unset it to get a private database."
    )]
    Url(&'static str),
    /// The named server is older than this program was made for.
    #[error(
        "the database is PostgreSQL {0}: {MINIMUM_POSTGRES} or newer is needed.\n\
         Upgrade it, or unset DATABASE_URL to get a private one."
    )]
    TooOld(String),
    /// The pooler of `DATABASE_URL` cannot be used as it is.
    #[error(transparent)]
    Pooler(#[from] PoolerError),
    /// The schema could not be brought up to date.
    #[error("{0}\nThe role needs CREATE on the schema `public`; what came before stays applied.")]
    Migrate(#[from] MigrationError),
    /// The server does not tell its version, so it is hardly PostgreSQL.
    #[error("the database does not say which PostgreSQL it is: {0}")]
    Version(#[from] diesel::result::Error),
}

/// A database, migrated, and the private servers that were started.
#[derive(Debug)]
pub struct Backing {
    place: Place,
    version: String,
    /// Dropped last: the server stops with it, unless somebody else uses it.
    private: Option<Postgres>,
    redis_url: Option<SecretString>,
    private_redis: Option<Redis>,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

impl Backing {
    /// Waits for the database of `url`, or starts a private one; then migrates it.
    ///
    /// # Errors
    /// See [`BackingError`]; no message holds a password.
    pub fn find(url: Option<&SecretString>) -> Result<Self, BackingError> {
        Self::at(url.map(Place::from))
    }

    /// The same for a whole configuration: also past a pooler, whose bounds it checks.
    ///
    /// # Errors
    /// See [`BackingError`].
    pub fn find_for(config: &Config) -> Result<Self, BackingError> {
        let backing = Self::at(config.place()?)?;
        check_pooler(&backing.place, &config.database)?;
        Ok(backing)
    }

    fn at(place: Option<Place>) -> Result<Self, BackingError> {
        let (place, private) = match place {
            Some(place) => (place, None),
            None => {
                let private = Postgres::acquire(&project_root()?, Purpose::Serve)?;
                (Place::from(&SecretString::from(private.url())), Some(private))
            }
        };
        let mut connection = connect_session(&place, PATIENCE)?;
        let version = diesel::sql_query("SELECT current_setting('server_version') AS version")
            .get_result::<Version>(&mut connection)?
            .version;
        let version = new_enough(&version)?;
        migrate(&mut connection)?;
        Ok(Self { place, version, private, redis_url: None, private_redis: None })
    }

    /// Adds the Redis of `url`, which need not answer yet, or a private one where Redis or Valkey is
    /// installed, or none: a server does without, and says so.
    #[must_use]
    pub fn with_redis(mut self, url: Option<SecretString>) -> Self {
        if let Some(url) = url.filter(|url| !url.expose_secret().is_empty()) {
            self.redis_url = Some(url);
            return self;
        }
        let private = project_root().and_then(|root| Redis::acquire(&root, Purpose::Serve));
        match private {
            Ok(redis) => {
                self.redis_url = Some(SecretString::from(redis.url()));
                self.private_redis = Some(redis);
            }
            Err(Error::RedisMissing { .. }) => {
                tracing::info!("no Redis: caches and limits are kept by this server alone");
            }
            Err(error) => {
                tracing::warn!(%error, "no Redis: caches and limits are kept by this server alone");
            }
        }
        self
    }

    /// The URL of Redis, where there is one.
    #[must_use]
    pub fn redis_url(&self) -> Option<&SecretString> {
        self.redis_url.as_ref()
    }

    /// The private Redis, where there is one.
    #[must_use]
    pub fn private_redis(&self) -> Option<&Redis> {
        self.private_redis.as_ref()
    }

    /// The URL of the database.
    #[must_use]
    pub fn url(&self) -> &SecretString {
        self.place.url()
    }

    /// Where the database is, and what stands in front of it.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// A connection outside the server's own.
    ///
    /// # Errors
    /// As [`connect`].
    pub fn connect(&self) -> Result<PgConnection, BackingError> {
        connect_session(&self.place, Duration::ZERO)
    }

    /// The version of the server, such as `17.6`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where the data of the private server live, and whether this process started it.
    #[must_use]
    pub fn private(&self) -> Option<(PathBuf, bool)> {
        let private = self.private.as_ref()?;
        Some((private.data_dir().to_path_buf(), private.started_here()))
    }
}

/// Past a pooler, and without the bounds that its role may have for the sake of the pooler.
fn connect_session(place: &Place, patience: Duration) -> Result<PgConnection, BackingError> {
    let variable = if place.is_pooled() { "DIRECT_DATABASE_URL" } else { DATABASE_URL };
    let mut connection = connect_to(place.session(), variable, patience)?;
    if place.is_pooled() {
        connection.batch_execute(UNBOUNDED)?;
    }
    Ok(connection)
}
