//! The routes of the person on call; docs/operations.md has a command for each.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{delete, get, put, web};
use error_handling::{InvalidField, Json, Path, Problem, Query, ReadProblems, WriteProblems};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::guard::{Operator, OperatorRefused};
use super::which::Which;
use super::{
    Activity, FinishedRequest, LogLevel, LogLevelError, LogLevelState, USUAL_CHANGE, activity,
};
use crate::database::Database;
use crate::metrics::Metrics;
use crate::telemetry;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list_requests)
        .service(find_requests)
        .service(show_activity)
        .service(show_log_level)
        .service(change_log_level)
        .service(revert_log_level);
}

/// Finished requests, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct Requests {
    /// How many this server has finished since its start.
    finished: u64,
    #[schema(value_type = Vec<FinishedRequest>)]
    requests: Vec<Found>,
}

/// Shared with the log, which goes on.
#[derive(Debug)]
struct Found(Arc<FinishedRequest>);

impl Serialize for Found {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Requests {
    fn of(metrics: &Metrics, found: Vec<Arc<FinishedRequest>>) -> web::Json<Self> {
        let finished = metrics.request_log().finished();
        web::Json(Self { finished, requests: found.into_iter().map(Found).collect() })
    }
}

/// The newest requests of this server, or the newest slow or failed ones, with their spans.
#[utoipa::path(
    tag = "operations",
    params(Which),
    responses((status = 200, body = Requests), OperatorRefused, ReadProblems),
)]
#[get("/operations/requests")]
async fn list_requests(
    _: Operator,
    Query(which): Query<Which>,
    metrics: web::Data<Metrics>,
) -> Result<web::Json<Requests>, Problem> {
    let found = which.of(metrics.request_log())?;
    Ok(Requests::of(&metrics, found))
}

/// The request with this `X-Request-Id`: its route, status, duration and spans. Several, newest
/// first, where a client repeated the id.
#[utoipa::path(
    tag = "operations",
    params(("id" = String, Path, description = "As in `X-Request-Id` of the response")),
    responses((status = 200, body = Requests), OperatorRefused, ReadProblems),
)]
#[get("/operations/requests/{id}")]
async fn find_requests(
    _: Operator,
    id: Path<String>,
    metrics: web::Data<Metrics>,
) -> Result<web::Json<Requests>, Problem> {
    let found = metrics.request_log().find(&id.0);
    if found.is_empty() {
        return Err(Problem::not_found("request among those that this server remembers"));
    }
    Ok(Requests::of(&metrics, found))
}

/// What the sessions of the database are doing, and who blocks whom.
#[utoipa::path(
    tag = "operations",
    responses((status = 200, body = Vec<Activity>), OperatorRefused, ReadProblems),
)]
#[get("/operations/activity")]
async fn show_activity(
    _: Operator,
    database: web::Data<Database>,
) -> Result<web::Json<Vec<Activity>>, Problem> {
    Ok(web::Json(database.run_long(activity).await?))
}

/// A change of what is logged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LogLevelChange {
    /// Directives laid over the configured ones, such as `foundation=debug`, or a level for all.
    #[schema(example = "foundation=debug")]
    filter: String,
    /// After how many seconds the configured ones hold again, 900 unless it says so.
    #[schema(minimum = 1, maximum = 14_400)]
    seconds: Option<u32>,
}

/// What is logged now.
#[utoipa::path(
    tag = "operations",
    responses((status = 200, body = LogLevelState), OperatorRefused, ReadProblems),
)]
#[get("/operations/log-level")]
async fn show_log_level(_: Operator) -> Result<web::Json<LogLevelState>, Problem> {
    Ok(web::Json(log_level()?.current()))
}

/// Logs more, or less, for a while.
#[utoipa::path(
    tag = "operations",
    request_body = LogLevelChange,
    responses((status = 200, body = LogLevelState), OperatorRefused, WriteProblems),
)]
#[put("/operations/log-level")]
async fn change_log_level(
    _: Operator,
    change: Json<LogLevelChange>,
) -> Result<web::Json<LogLevelState>, Problem> {
    let LogLevelChange { filter, seconds } = change.0;
    let lasting = seconds.map_or(USUAL_CHANGE, |seconds| Duration::from_secs(seconds.into()));
    Ok(web::Json(log_level()?.change(&filter, lasting).map_err(explained)?))
}

/// Ends a change before its time.
#[utoipa::path(
    tag = "operations",
    responses((status = 200, body = LogLevelState), OperatorRefused, ReadProblems),
)]
#[delete("/operations/log-level")]
async fn revert_log_level(_: Operator) -> Result<web::Json<LogLevelState>, Problem> {
    Ok(web::Json(log_level()?.revert()))
}

fn log_level() -> Result<&'static LogLevel, Problem> {
    let detail = "This process has set up no log.";
    telemetry::log_level().ok_or_else(|| Problem::unavailable(detail, Duration::from_secs(60)))
}

fn explained(error: LogLevelError) -> Problem {
    let (path, code) = match error {
        LogLevelError::Filter => ("/filter", "not_a_filter"),
        LogLevelError::Duration => ("/seconds", "out_of_range"),
        LogLevelError::Thread => {
            return Problem::unavailable("The server is busy.", Duration::from_secs(1));
        }
    };
    Problem::invalid(vec![InvalidField::body(path, code, error.to_string())])
}
