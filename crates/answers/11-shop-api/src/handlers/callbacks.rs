//! What the payment provider tells.

use actix_web::{HttpRequest, post, web};
use diesel::PgConnection;
use error_handling::{Problem, RawBody, WriteProblems, parse_json};
use foundation::signature::unsigned;
use serde::Serialize;
use utoipa::ToSchema;

use super::Counter;
use crate::model::Status;
use crate::payments::callback::{self, Applied, MOST_BYTES, Told};
use crate::store::payments::Outcome;

/// What became of an event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShopPaymentReceipt)]
pub(crate) struct Receipt {
    /// `false` when it had taken effect before, or the order had ended anyway.
    applied: bool,
}

/// Take an event of the payment provider
///
/// Signed as Standard Webhooks has it, with the secret that both know, within five minutes of our
/// clock. The same `webhook-id` takes effect once.
#[utoipa::path(
    tag = "shop",
    operation_id = "shop_receive_payment_event",
    security(()),
    params(
        ("webhook-id" = String, Header, example = "evt_17"),
        ("webhook-timestamp" = i64, Header, example = 1_700_000_000),
        ("webhook-signature" = String, Header, example = "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
    ),
    request_body = Told,
    responses(
        (status = 200, body = Receipt),
        (status = 401, description = "Not signed by the provider", body = error_handling::ProblemBody,
            content_type = "application/problem+json"),
        WriteProblems,
    ),
)]
#[post("/api/v1/shop/payments/callbacks")]
pub(crate) async fn receive(
    Counter { database, shop }: Counter,
    request: HttpRequest,
    RawBody(body): RawBody<MOST_BYTES>,
) -> Result<web::Json<Receipt>, Problem> {
    let secret = shop.secret.as_ref().ok_or_else(|| unsigned("no secret is set"))?;
    let event = secret.believe(&request, &body)?;
    let told: Told = parse_json(&body)?;
    let apply = move |connection: &mut PgConnection| callback::apply(connection, &event, told);
    let applied = database.run_write(apply).await?;
    match applied {
        Applied::Settled(Outcome::Succeeded, cents) => {
            shop.counts.settled(Status::Paid);
            shop.counts.earned(cents);
        }
        Applied::Settled(Outcome::Declined, _) => shop.counts.settled(Status::Declined),
        Applied::RefundDue | Applied::Nothing => {}
    }
    Ok(web::Json(Receipt { applied: applied != Applied::Nothing }))
}
