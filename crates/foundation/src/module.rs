//! What an answer brings to a server.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use actix_web::web::{self, ServiceConfig};
use diesel::PgConnection;

use crate::config::Config;
use crate::http::{Mount, ResponseHook, ResponseHooks};
use crate::jobs::Job;
use crate::metrics::Metrics;
use crate::redis::Redis;

/// Hands something that was started once to the app of each worker thread.
pub type Share = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// Whatever keeps a module from starting; shown to the person who starts the server.
pub type StartFailure = Box<dyn std::error::Error + Send + Sync>;

/// How a module starts.
pub type Start = fn(&mut Starting<'_>) -> Result<Share, StartFailure>;

/// An answer's API with all it needs to run.
#[derive(Debug)]
pub struct Module {
    /// The API.
    pub routes: Mount,
    /// Starts what the routes need beside the database, such as threads or keys; called once for
    /// each server, after the migrations.
    pub start: Start,
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
    /// What it shares with other servers, where there is a Redis. It may be gone at any time.
    pub redis: Option<&'server Redis>,
    started: HashMap<TypeId, Box<dyn Any>>,
    hooks: Vec<ResponseHook>,
}

impl std::fmt::Debug for Starting<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Starting").field("config", &self.config).finish_non_exhaustive()
    }
}

impl<'server> Starting<'server> {
    /// For the start of one server.
    #[must_use]
    pub fn new(
        config: &'server Config,
        metrics: &'server Metrics,
        connection: &'server mut PgConnection,
        redis: Option<&'server Redis>,
    ) -> Self {
        Self { config, metrics, connection, redis, started: HashMap::new(), hooks: Vec::new() }
    }

    /// Starts what several modules need, such as a lane of threads or a key, at the first call for
    /// its type, and hands out clones of it later.
    ///
    /// # Errors
    /// Whatever `start` returns; then the next call tries again.
    pub fn once<T: Clone + Send + Sync + 'static>(
        &mut self,
        start: impl FnOnce(&mut Self) -> Result<T, StartFailure>,
    ) -> Result<T, StartFailure> {
        let kind = TypeId::of::<T>();
        if let Some(started) = self.started.get(&kind).and_then(|it| it.downcast_ref::<T>()) {
            return Ok(started.clone());
        }
        let started = start(self)?;
        self.started.insert(kind, Box::new(started.clone()));
        Ok(started)
    }

    /// Lets every response of this server pass through `hook`, also errors and those of routes of
    /// other modules.
    pub fn on_response(&mut self, hook: ResponseHook) {
        self.hooks.push(hook);
    }

    /// Hands the hooks of all modules to the app of each worker.
    pub(crate) fn share_hooks(&mut self) -> Share {
        let hooks = ResponseHooks::new(std::mem::take(&mut self.hooks));
        Arc::new(move |config| {
            config.app_data(web::Data::new(hooks.clone()));
        })
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

    /// Starts every module; also hands out what they registered for responses.
    ///
    /// # Errors
    /// The first failure.
    pub fn start_all(
        modules: &[&Self],
        starting: &mut Starting<'_>,
    ) -> Result<Vec<Share>, StartFailure> {
        Self::start_each(modules.iter().map(|module| module.start), starting)
    }

    /// The same for modules that live shorter than the server's thread.
    pub(crate) fn start_each(
        starts: impl Iterator<Item = Start>,
        starting: &mut Starting<'_>,
    ) -> Result<Vec<Share>, StartFailure> {
        let mut shares = starts.map(|start| start(starting)).collect::<Result<Vec<_>, _>>()?;
        shares.push(starting.share_hooks());
        Ok(shares)
    }
}
