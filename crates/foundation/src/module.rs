//! What an answer brings to a server.

use std::sync::Arc;

use actix_web::web::ServiceConfig;
use diesel::PgConnection;

use crate::config::Config;
use crate::http::Mount;
use crate::jobs::Job;
use crate::metrics::Metrics;

/// Hands something that was started once to the app of each worker thread.
pub type Share = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// Whatever keeps a module from starting; shown to the person who starts the server.
pub type StartFailure = Box<dyn std::error::Error + Send + Sync>;

/// An answer's API with all it needs to run.
#[derive(Debug)]
pub struct Module {
    /// The API.
    pub routes: Mount,
    /// Starts what the routes need beside the database, such as threads or keys; called once for
    /// each server, after the migrations.
    pub start: fn(&mut Starting<'_>) -> Result<Share, StartFailure>,
    /// Work that recurs.
    pub jobs: &'static [&'static Job],
}

/// What a module may use while it starts.
pub struct Starting<'server> {
    /// How the server is configured.
    pub config: &'server Config,
    /// Where it counts.
    pub metrics: &'server Metrics,
    /// Its database, migrated.
    pub connection: &'server mut PgConnection,
}

impl std::fmt::Debug for Starting<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Starting").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Module {
    /// For a module whose routes need the database only.
    ///
    /// # Errors
    /// Never.
    pub fn nothing_to_start(_: &mut Starting<'_>) -> Result<Share, StartFailure> {
        Ok(Arc::new(|_| {}))
    }

    /// Starts every module.
    ///
    /// # Errors
    /// The first failure.
    pub fn start_all(
        modules: &[&Self],
        starting: &mut Starting<'_>,
    ) -> Result<Vec<Share>, StartFailure> {
        modules.iter().map(|module| (module.start)(starting)).collect()
    }
}
