//! The routes that operators and their machines use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use error_handling::{Cause, Problem, ReadProblems};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::database::Database;
use crate::metrics::Metrics;
use crate::redis::Redis;

/// Whether the server wants requests; false from the moment it is told to stop.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<AtomicBool>);

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

impl Readiness {
    pub(super) fn withdraw(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    fn is_ready(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The state of the server in one word.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `ok`; anything else is a problem body.
    status: &'static str,
    /// `up` or `down`, where there is one. Down does not make a server unready: it does without.
    #[serde(skip_serializing_if = "Option::is_none")]
    redis: Option<&'static str>,
}

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(live).service(ready).service(metrics);
}

/// Whether the process runs. A platform that gets no answer here should restart it, so this asks
/// nothing of the database: restarting us does not repair that.
#[utoipa::path(tag = "operations", responses((status = 200, body = Health)))]
#[get("/health/live")]
async fn live() -> web::Json<Health> {
    web::Json(Health { status: "ok", redis: None })
}

/// Whether requests can be served now. A load balancer that gets 503 here should send them
/// elsewhere.
#[utoipa::path(tag = "operations", responses((status = 200, body = Health), ReadProblems))]
#[get("/health/ready")]
async fn ready(
    readiness: web::Data<Readiness>,
    database: Option<web::Data<Database>>,
    redis: Option<web::Data<Redis>>,
) -> Result<web::Json<Health>, Problem> {
    if !readiness.is_ready() {
        return Err(Problem::unavailable("The server is stopping.", Duration::from_secs(5)));
    }
    if let Some(database) = database {
        database.ping(Duration::from_millis(500)).await?;
    }
    let redis = redis.map(|redis| if redis.is_up() { "up" } else { "down" });
    Ok(web::Json(Health { status: "ok", redis }))
}

/// Counters, gauges and histograms in the Prometheus text format.
#[utoipa::path(
    tag = "operations",
    responses((status = 200, body = String, content_type = "text/plain"), ReadProblems),
)]
#[get("/metrics")]
async fn metrics(metrics: web::Data<Metrics>) -> Result<HttpResponse, Problem> {
    let text = metrics.render().map_err(|_| Problem::internal(Cause::new("metrics rendering")))?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}
