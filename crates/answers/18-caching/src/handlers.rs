//! The route: what the caches of this server have done.

use actix_web::{get, web};
use error_handling::{Problem, ReadProblems};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caches::{Caches, SharedLevel};
use crate::counts::CacheStatistics;

/// The caches of one server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CachesStatistics {
    /// How the level in Redis is.
    shared_level: SharedLevel,
    /// By name.
    caches: Vec<CacheStatistics>,
}

/// Read what the caches of this server have done
///
/// Counted since it started. The same counters, with history and of all servers, are in `/metrics`.
/// `curl localhost:8080/api/v1/cache-statistics`
#[utoipa::path(
    tag = "caches",
    operation_id = "read_cache_statistics",
    responses((status = 200, body = CachesStatistics), ReadProblems),
)]
#[get("/api/v1/cache-statistics")]
pub(crate) async fn statistics(
    caches: web::Data<Caches>,
) -> Result<web::Json<CachesStatistics>, Problem> {
    let (shared_level, caches) = (caches.shared_level(), caches.statistics());
    Ok(web::Json(CachesStatistics { shared_level, caches }))
}
