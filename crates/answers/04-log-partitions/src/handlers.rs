//! The routes: extract, validate, call, respond.

use actix_web::http::{StatusCode, Uri, header};
use actix_web::{HttpResponse, get, post, web};
use chrono::Utc;
use error_handling::{Json, Problem, Query, ReadProblems, WriteProblems};
use foundation::database::Database;
use foundation::metrics::Metrics;
use foundation::paging::Page;
use serde::Serialize;
use utoipa::ToSchema;

use crate::batch::Batch;
use crate::metric::count_outside_partitions;
use crate::partitions::{self, Partition};
use crate::plan::Plan;
use crate::search::SearchParameters;
use crate::store::{self, LogEntry, Stored};

/// Ten thousand entries of the average size with room to spare; few are near the longest.
const BATCH_LIMIT: usize = 8 << 20;

/// Store a batch of entries, all or none
///
/// A row outside every month is stored in the default partition and counted.
/// `curl -H 'content-type: application/json' -d '{"entries":[{"logged_at":"2026-01-31T23:59:59Z",
/// "level":"error","service":"checkout","message":"card declined"}]}' localhost:8080/api/v1/logs`
#[utoipa::path(
    tag = "logs",
    operation_id = "ingest_logs",
    request_body(content = Batch, example = json!({"entries": [{
        "logged_at": "2026-01-31T23:59:59.5Z", "level": "error",
        "service": "checkout", "message": "card declined, order 4711",
    }]})),
    responses((status = 201, body = Stored), WriteProblems),
)]
#[post("/api/v1/logs")]
pub(crate) async fn ingest(
    database: web::Data<Database>,
    metrics: web::Data<Metrics>,
    Json(batch): Json<Batch, BATCH_LIMIT>,
) -> Result<(web::Json<Stored>, StatusCode), Problem> {
    let entries = batch.into_entries()?;
    let stored =
        database.run_write(move |connection| store::insert_batch(connection, &entries)).await?;
    count_outside_partitions(&metrics, stored.outside_partitions.unsigned_abs());
    Ok((web::Json(stored), StatusCode::CREATED))
}

/// List entries, newest first
///
/// `curl 'localhost:8080/api/v1/logs?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&level=warn'`
#[utoipa::path(
    tag = "logs",
    operation_id = "list_logs",
    params(SearchParameters),
    responses(
        (status = 200, body = [LogEntry], headers(
            ("link" = String, description = "The next page, `rel=\"next\"`; absent on the last"),
        )),
        ReadProblems,
    ),
)]
#[get("/api/v1/logs")]
pub(crate) async fn list(
    database: web::Data<Database>,
    uri: Uri,
    Query(parameters): Query<SearchParameters>,
) -> Result<HttpResponse, Problem> {
    let search = parameters.into_search(Utc::now())?;
    let limit = search.limit;
    let page = move |connection: &mut _| store::page(connection, &search);
    let rows = database.run_replica(None, page).await?;
    let page = Page::from_rows(rows, limit, LogEntry::position)?;
    let mut response = HttpResponse::Ok();
    if let Some(link) = page.link(&uri) {
        response.insert_header((header::LINK, link));
    }
    Ok(response.json(page.items))
}

/// The months there are, and what found no month.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogPartitions)]
pub(crate) struct Partitions {
    /// Oldest first.
    partitions: Vec<Partition>,
    /// Rows in the default partition: anything above zero wants a look.
    #[schema(example = 0)]
    rows_outside_partitions: i64,
}

/// List the partitions
///
/// `curl localhost:8080/api/v1/logs/partitions`
#[utoipa::path(
    tag = "logs",
    operation_id = "list_log_partitions",
    responses((status = 200, body = Partitions), ReadProblems),
)]
#[get("/api/v1/logs/partitions")]
pub(crate) async fn list_partitions(
    database: web::Data<Database>,
) -> Result<web::Json<Partitions>, Problem> {
    // The long lane: the default partition is counted, and it may hold more than it should.
    let answer = database.run_long(|connection| {
        Ok::<_, diesel::result::Error>(Partitions {
            partitions: partitions::all(connection)?,
            rows_outside_partitions: partitions::count_outside(connection)?,
        })
    });
    answer.await.map(web::Json)
}

/// What a listing read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogListingPlan)]
pub(crate) struct ListingPlan {
    /// Partitions there are, the default one included.
    #[schema(example = 17)]
    partitions_total: usize,
    #[serde(flatten)]
    plan: Plan,
}

/// Execute a listing and show its plan
///
/// Takes the parameters of the listing. It is read only and ends with the long lane's time-out.
/// As the listing itself, it is planned with its months in sight, and locks no other.
/// `curl 'localhost:8080/api/v1/logs/plan?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z'`
#[utoipa::path(
    tag = "logs",
    operation_id = "explain_logs",
    params(SearchParameters),
    responses((status = 200, body = ListingPlan), ReadProblems),
)]
#[get("/api/v1/logs/plan")]
pub(crate) async fn plan(
    database: web::Data<Database>,
    Query(parameters): Query<SearchParameters>,
) -> Result<web::Json<ListingPlan>, Problem> {
    let search = parameters.into_search(Utc::now())?;
    let answer = database.run_long(move |connection| {
        let plan = store::explain_page(connection, &search)?;
        let partitions_total = partitions::all(connection)?.len() + 1;
        Ok::<_, diesel::result::Error>(ListingPlan { partitions_total, plan })
    });
    answer.await.map(web::Json)
}
