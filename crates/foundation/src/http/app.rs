//! The app of each worker: every route inside the same limits.

use std::sync::Arc;

use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, web};
use error_handling::{BodyDeadline, RequestDeadline, RouteTable, boundary, fallback};
use utoipa::openapi::OpenApi as Description;
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::SwaggerUi;

use super::hooks::{pass_hooks, remember_writers};
use super::middleware::{Limits, limit_rate, observe, shed};
use super::{Parts, Readiness, describe, mount_api};
use crate::config::HttpConfig;
use crate::operations::Operations;
use crate::redis::Redis;

/// What each worker builds its app from.
#[derive(Clone)]
pub(super) struct AppState {
    parts: Parts,
    description: Description,
    route_table: web::Data<RouteTable>,
    limits: web::Data<Limits>,
    redis: Option<Redis>,
    readiness: Readiness,
    operations: web::Data<Operations>,
    cors_origins: Vec<String>,
    request_deadline: RequestDeadline,
    body_deadline: BodyDeadline,
}

impl AppState {
    pub(super) fn new(
        config: &HttpConfig,
        parts: Parts,
        readiness: Readiness,
        redis: Option<Redis>,
        operations: Operations,
    ) -> Self {
        let description = describe(&parts.routes);
        Self {
            route_table: web::Data::new(RouteTable::from_openapi(&description)),
            description,
            parts,
            limits: web::Data::from(Limits::new(config, redis.as_ref())),
            redis,
            readiness,
            operations: web::Data::new(operations),
            cors_origins: config.cors_origins.clone(),
            request_deadline: RequestDeadline(config.request_timeout),
            body_deadline: BodyDeadline(config.body_timeout),
        }
    }

    /// The last `wrap` is the outermost: a request passes them from the bottom up.
    pub(super) fn build(
        &self,
    ) -> App<
        impl actix_web::dev::ServiceFactory<
            actix_web::dev::ServiceRequest,
            Config = (),
            Response = actix_web::dev::ServiceResponse,
            Error = actix_web::Error,
            InitError = (),
        > + use<>,
    > {
        let pages = Arc::clone(&self.parts.pages);
        self.parts.metrics.watch_worker();
        App::new()
            .configure(|config| self.share(config))
            .into_utoipa_app()
            .configure(|config| mount_api(config, &self.parts.routes))
            .into_app()
            .service(SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", self.description.clone()))
            .service(web::redirect("/docs", "/docs/"))
            .configure(move |config| pages(config))
            .default_service(web::to(fallback))
            .wrap(from_fn(remember_writers))
            .wrap(Compress::default())
            .wrap(cors(&self.cors_origins))
            .wrap(from_fn(limit_rate))
            .wrap(from_fn(shed))
            .wrap(from_fn(boundary))
            .wrap(from_fn(pass_hooks))
            .wrap(from_fn(observe))
    }

    fn share(&self, config: &mut web::ServiceConfig) {
        config
            .app_data(self.limits.clone())
            .app_data(web::Data::new(self.parts.metrics.clone()))
            .app_data(web::Data::new(self.readiness.clone()))
            .app_data(self.operations.clone())
            .app_data(self.route_table.clone())
            .app_data(web::Data::new(self.request_deadline))
            .app_data(web::Data::new(self.body_deadline));
        if let Some(database) = &self.parts.database {
            config.app_data(web::Data::new(database.clone()));
        }
        if let Some(redis) = &self.redis {
            config.app_data(web::Data::new(redis.clone()));
        }
        for share in &self.parts.shares {
            share(config);
        }
    }
}

/// Nothing is allowed across origins unless the configuration names the origin.
fn cors(origins: &[String]) -> actix_cors::Cors {
    let exposed = [
        "deprecation",
        "etag",
        "idempotency-replayed",
        "link",
        "location",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "sunset",
        "x-request-id",
    ];
    origins
        .iter()
        .fold(actix_cors::Cors::default(), |cors, origin| cors.allowed_origin(origin))
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            "authorization",
            "content-type",
            "if-match",
            "if-none-match",
            "idempotency-key",
        ])
        .expose_headers(exposed)
        .max_age(3600)
}
