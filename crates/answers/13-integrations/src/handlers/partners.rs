//! Partners, and what they say when a visitor waits for it.

use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, delete, get, post, web};
use auth::{CurrentUser, Unauthenticated};
use error_handling::{Cause, Guarded, Json, Path, Problem, ReadProblems, WriteProblems};
use foundation::database::Database;
use foundation::signature::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::contract::{self, Quote};
use crate::model::{PartnerId, parse_text};
use crate::partners::{self, NewPartner, Partner, PartnerUrl};
use crate::state::{COOL_DOWN, Integrations};

/// A partner as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhookPartner)]
pub(crate) struct PartnerInput {
    /// What you call it: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, example = "Carrier")]
    name: String,
    /// What its addresses begin with.
    #[schema(max_length = 500, example = "https://carrier.example/api")]
    url: String,
}

impl PartnerInput {
    fn parse(&self) -> Result<NewPartner, Problem> {
        let name = parse_text(&self.name, 100).map_err(|why| why.in_body("/name"));
        let url = PartnerUrl::parse(&self.url).map_err(|why| why.in_body("/url"));
        match (name, url) {
            (Ok(name), Ok(url)) => {
                let (outgoing, incoming) = (Secret::random(), Secret::random());
                Ok(NewPartner { name, url, outgoing, incoming })
            }
            (name, url) => Err(Problem::invalid(name.err().into_iter().chain(url.err()).collect())),
        }
    }
}

/// A new partner, with its secrets, which are shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AddedWebhookPartner)]
pub(crate) struct AddedPartner {
    #[serde(flatten)]
    partner: Partner,
    /// Verify with it what you are sent.
    #[schema(example = "whsec_…")]
    outgoing_secret: String,
    /// Sign with it what you send.
    #[schema(example = "whsec_…")]
    incoming_secret: String,
}

/// Add a partner
///
/// `curl -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d
/// '{"name":"Carrier","url":"https://carrier.example/api"}' localhost:8080/api/v1/partners`
#[utoipa::path(
    tag = "partners",
    operation_id = "add_partner",
    request_body = PartnerInput,
    responses((status = 201, body = AddedPartner), Unauthenticated, WriteProblems),
)]
#[post("/api/v1/partners")]
pub(crate) async fn add(
    user: CurrentUser,
    database: web::Data<Database>,
    Json(input): Json<PartnerInput, 8_192>,
) -> Result<HttpResponse, Problem> {
    let new = input.parse()?;
    let (outgoing_secret, incoming_secret) = (new.outgoing.reveal(), new.incoming.reveal());
    let insert = move |connection: &mut _| partners::add(connection, user.id(), &new);
    let partner = database.run_write(insert).await?;
    let location = format!("/api/v1/partners/{}", partner.id);
    let body = AddedPartner { partner, outgoing_secret, incoming_secret };
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(body))
}

/// List your partners
#[utoipa::path(
    tag = "partners",
    operation_id = "list_partners",
    responses((status = 200, body = [Partner]), Unauthenticated, ReadProblems),
)]
#[get("/api/v1/partners")]
pub(crate) async fn list(
    user: CurrentUser,
    database: web::Data<Database>,
) -> Result<web::Json<Vec<Partner>>, Problem> {
    let read = move |connection: &mut _| partners::list(connection, user.id());
    database.run(read).await.map(web::Json)
}

/// Remove a partner, with all that it was yet to hear
#[utoipa::path(
    tag = "partners",
    operation_id = "remove_partner",
    params(("id" = i64, Path, example = 3)),
    responses((status = 204, description = "It is gone"), Unauthenticated, WriteProblems),
)]
#[delete("/api/v1/partners/{id}")]
pub(crate) async fn remove(
    user: CurrentUser,
    database: web::Data<Database>,
    Path(id): Path<PartnerId>,
) -> Result<HttpResponse, Problem> {
    let delete_partner = move |connection: &mut _| partners::remove(connection, user.id(), id);
    match database.run_write(delete_partner).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(Problem::not_found("partner")),
    }
}

/// Ask a partner what delivery takes
///
/// The partner has half a second; one that did not answer a few times is not asked for a while.
/// `curl -H "authorization: Bearer $TOKEN" localhost:8080/api/v1/partners/3/quotes/17`
#[utoipa::path(
    tag = "partners",
    operation_id = "quote_delivery",
    params(("id" = i64, Path, example = 3), ("page" = i64, Path, example = 17)),
    responses((status = 200, body = Quote), Unauthenticated, ReadProblems),
)]
#[get("/api/v1/partners/{id}/quotes/{page}")]
pub(crate) async fn quote(
    user: CurrentUser,
    database: web::Data<Database>,
    integrations: web::Data<Integrations>,
    Path((id, page)): Path<(PartnerId, i64)>,
) -> Result<web::Json<Quote>, Problem> {
    let find = move |connection: &mut _| partners::find(connection, user.id(), id);
    let partner = database.run(find).await?.ok_or_else(|| Problem::not_found("partner"))?;
    let url = format!("{}/quotes/{page}", partner.url.trim_end_matches('/'));
    let asked = integrations.breakers.call(id, integrations.courier.get(&url)).await;
    let answer = asked.map_err(|error| match error {
        Guarded::Open { retry_after } => {
            Problem::unavailable("The partner does not answer at present.", retry_after)
                .with_cause(Cause::new("partner breaker open"))
        }
        Guarded::Failed(error) => Problem::unavailable("The partner does not answer.", COOL_DOWN)
            .with_cause(Cause::new(error.word())),
    })?;
    if answer.status != 200 {
        return Err(Problem::not_found("quote"));
    }
    contract::quote(&answer.body).map(web::Json).map_err(|breach| {
        tracing::error!(%id, %breach, "partner contract broken");
        Problem::unavailable("The partner's answer cannot be used.", COOL_DOWN)
            .with_cause(Cause::new("partner contract broken"))
    })
}
