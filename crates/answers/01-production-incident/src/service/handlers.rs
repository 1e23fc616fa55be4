//! The routes: extract, validate, call, respond.

use actix_web::{HttpResponse, get, post, web};
use error_handling::{Path, Problem, ReadProblems, RequestContext, WriteProblems};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::State;
use crate::store::{self, Order};

/// Where a parcel is.
#[derive(Debug, Serialize, ToSchema)]
struct Parcel {
    order: i64,
    /// The carrier's word; missing while the carrier is not asked or does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

/// An order of a customer with what is in it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Bought {
    pub(crate) order: i64,
    pub(crate) items: Vec<String>,
}

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(order).service(parcel).service(history).service(receipt);
}

/// Look up an order
#[utoipa::path(tag = "orders", params(("id" = i64, Path)),
    responses((status = 200, body = Order), ReadProblems))]
#[get("/api/v1/orders/{id}")]
async fn order(state: web::Data<State>, Path(id): Path<i64>) -> Result<web::Json<Order>, Problem> {
    let request = RequestContext::current().map(|context| context.id().to_string());
    let key = state.answers.key(id, request.as_deref());
    if let Some(kept) = key.as_ref().and_then(|key| state.answers.get(key)) {
        return Ok(web::Json(kept));
    }
    let Some(found) = state.pool.run(move |connection| store::order(connection, id)).await? else {
        state.notes.unknown(&state, id).await?;
        return Err(Problem::not_found("order"));
    };
    if let Some(key) = key {
        state.answers.keep(key, &found)?;
    }
    Ok(web::Json(found))
}

/// Where an order's parcel is
#[utoipa::path(tag = "orders", params(("id" = i64, Path)),
    responses((status = 200, body = Parcel), ReadProblems))]
#[get("/api/v1/orders/{id}/parcel")]
async fn parcel(
    state: web::Data<State>,
    client: web::Data<awc::Client>,
    Path(id): Path<i64>,
) -> Result<web::Json<Parcel>, Problem> {
    let status = state.tracking.status(&client, id).await?;
    Ok(web::Json(Parcel { order: id, status }))
}

/// What a customer has bought, newest first
#[utoipa::path(tag = "orders", params(("id" = i64, Path)),
    responses((status = 200, body = [Bought]), ReadProblems))]
#[get("/api/v1/customers/{id}/orders")]
async fn history(
    state: web::Data<State>,
    Path(customer): Path<i64>,
) -> Result<web::Json<Vec<Bought>>, Problem> {
    state.history.of(&state, customer).await.map(web::Json)
}

/// Ask for a receipt; it is printed later
#[utoipa::path(tag = "orders", params(("id" = i64, Path)),
    responses((status = 202), WriteProblems))]
#[post("/api/v1/orders/{id}/receipt")]
async fn receipt(state: web::Data<State>, Path(id): Path<i64>) -> Result<HttpResponse, Problem> {
    let count = move |connection: &mut _| store::count_receipt(connection, id);
    if !state.database.run_write(count).await? {
        return Err(Problem::not_found("order"));
    }
    state.printer.print(id);
    Ok(HttpResponse::Accepted().finish())
}
