//! Assembles the HTTP server: every answer's routes inside one set of limits.

mod app;
mod base_url;
mod bearer;
mod connections;
mod hooks;
mod middleware;
mod ops;
mod server;

use std::sync::Arc;

use actix_web::App;
use error_handling::problem_schemas;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::database::Database;
use crate::metrics::Metrics;
use crate::module::Share;
use crate::operations;

pub use base_url::BaseUrl;
pub use hooks::{Answered, ResponseHook, ResponseHooks};
pub use ops::Readiness;
pub use server::{Running, ServeError, Server, StopHandle};

/// Mounts API routes that describe themselves.
pub type Mount = fn(&mut ServiceConfig<'_>);

/// Mounts pages, which are not part of the API description.
pub type MountPages = Arc<dyn Fn(&mut actix_web::web::ServiceConfig) + Send + Sync>;

/// What a server is made of.
#[derive(Clone)]
pub struct Parts {
    /// The API of each answer.
    pub routes: Vec<Mount>,
    /// Pages beside the API.
    pub pages: MountPages,
    /// The database; a server without one serves pages only.
    pub database: Option<Database>,
    /// Where everything is counted.
    pub metrics: Metrics,
    /// What modules started for their routes.
    pub shares: Vec<Share>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("routes", &self.routes.len()).finish_non_exhaustive()
    }
}

impl Parts {
    /// A server with these API routes and no pages.
    #[must_use]
    pub fn api(routes: Vec<Mount>, database: Database, metrics: Metrics) -> Self {
        Self { routes, pages: no_pages(), database: Some(database), metrics, shares: Vec::new() }
    }
}

/// For a server without pages.
#[must_use]
pub fn no_pages() -> MountPages {
    Arc::new(|_| {})
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Show your work",
    description = "The APIs that the answers build. Every error is an application/problem+json \
                   body (RFC 9457).",
))]
struct Api;

/// Mounts every API route of `routes` and the operational ones.
fn mount_api(config: &mut ServiceConfig<'_>, routes: &[Mount]) {
    config.configure(ops::routes).configure(operations::routes);
    for mount in routes {
        config.configure(*mount);
    }
}

/// The OpenAPI description of a server with these routes.
#[must_use]
pub fn describe(routes: &[Mount]) -> Description {
    let app = App::new().into_utoipa_app().openapi(Api::openapi());
    let (_, mut description) = app.configure(|config| mount_api(config, routes)).split_for_parts();
    let components = description.components.get_or_insert_default();
    components.schemas.extend(problem_schemas());
    bearer::describe(&mut description);
    description
}
