//! What partners send, and what could not be sent to them.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use auth::{CurrentUser, Unauthenticated};
use diesel::PgConnection;
use error_handling::{Path, Problem, Query, RawBody, ReadProblems, WriteProblems, parse_json};
use foundation::database::Database;
use foundation::paging::{Limit, Page, decode_cursor};
use foundation::signature::unsigned;
use serde::Serialize;
use utoipa::ToSchema;

use super::DeadLetterParameters;
use crate::dead_letters::{self as store, DeadLetter};
use crate::inbox::{self, Applied, MOST_BYTES, Told};
use crate::model::PartnerId;

/// What became of an event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookReceipt)]
pub(crate) struct Receipt {
    /// `false` when it had taken effect before.
    applied: bool,
}

/// Take an event of a partner
///
/// Signed as Standard Webhooks has it, with the partner's incoming secret, within five minutes of
/// our clock. The same `webhook-id` takes effect once.
#[utoipa::path(
    tag = "partners",
    operation_id = "receive_webhook",
    security(()),
    params(
        ("id" = i64, Path, example = 3),
        ("webhook-id" = String, Header, example = "msg_17"),
        ("webhook-timestamp" = i64, Header, example = 1_700_000_000),
        ("webhook-signature" = String, Header, example = "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
    ),
    request_body = Told,
    responses((status = 200, body = Receipt), Unauthenticated, WriteProblems),
)]
#[post("/api/v1/partners/{id}/events")]
pub(crate) async fn receive(
    database: web::Data<Database>,
    request: HttpRequest,
    Path(id): Path<PartnerId>,
    RawBody(body): RawBody<MOST_BYTES>,
) -> Result<web::Json<Receipt>, Problem> {
    let sender = database.run(move |connection| inbox::sender(connection, id)).await?;
    // The same for a partner that there is not: ids are to be guessed.
    let (owner, secret) = sender.ok_or_else(|| unsigned("unknown partner"))?;
    let event = secret.believe(&request, &body)?;
    let told: Told = parse_json(&body)?;
    let apply =
        move |connection: &mut PgConnection| inbox::apply(connection, (id, owner), &event, told);
    let applied = database.run_write(apply).await?;
    Ok(web::Json(Receipt { applied: applied == Applied::Now }))
}

/// List the events that your partners would not take, oldest first
#[utoipa::path(
    tag = "partners",
    operation_id = "list_dead_letters",
    params(DeadLetterParameters),
    responses((status = 200, body = [DeadLetter], headers(
        ("link" = String, description = "The next page, `rel=\"next\"`; absent on the last"),
    )), Unauthenticated, ReadProblems),
)]
#[get("/api/v1/dead-letters")]
pub(crate) async fn dead_letters(
    user: CurrentUser,
    database: web::Data<Database>,
    request: HttpRequest,
    Query(parameters): Query<DeadLetterParameters>,
) -> Result<HttpResponse, Problem> {
    let limit = Limit::parse(parameters.limit, 50, 100)?;
    let after: i64 = decode_cursor(parameters.cursor.as_deref())?.unwrap_or_default();
    let list =
        move |connection: &mut _| store::page(connection, user.id(), after, limit.rows_to_fetch());
    let page = Page::from_rows(database.run(list).await?, limit, |letter| letter.position)?;
    let mut response = HttpResponse::Ok();
    if let Some(link) = page.link(request.uri()) {
        response.insert_header(("link", link));
    }
    Ok(response.json(page.items))
}

/// Send a dead letter again, with its id and all its attempts
///
/// It comes after whatever its entity's later events have said by now.
#[utoipa::path(
    tag = "partners",
    operation_id = "replay_dead_letter",
    params(("position" = i64, Path, example = 17)),
    responses((status = 202, description = "It waits for its turn"), Unauthenticated, WriteProblems),
)]
#[post("/api/v1/dead-letters/{position}/replay")]
pub(crate) async fn replay(
    user: CurrentUser,
    database: web::Data<Database>,
    Path(position): Path<i64>,
) -> Result<HttpResponse, Problem> {
    let revive = move |connection: &mut _| store::replay(connection, user.id(), position);
    match database.run_write(revive).await? {
        true => Ok(HttpResponse::Accepted().finish()),
        false => Err(Problem::not_found("dead letter")),
    }
}
