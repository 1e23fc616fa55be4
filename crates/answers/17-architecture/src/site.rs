//! The route of the request that is followed. Mounted by the demo and tests alone: the orders that
//! the backend takes are answer 11's.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, post, web};
use auth::CurrentUser;
use diesel::RunQueryDsl;
use diesel::sql_types::Text;
use error_handling::{Json, Path, Problem, Rejection, WriteProblems, bounded_text, breaks_line};
use foundation::module::{Module, Share, StartFailure, Starting};
use foundation::operations::{OpenSpan, begin};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::desk::{Desk, Way};
use crate::orders::{NewOrder, Order};

/// A desk for each way but the one over a broker.
pub static MODULE: Module = Module { routes, start, jobs: &[] };

fn routes(config: &mut ServiceConfig<'_>) {
    config.service(place);
}

type Desks = Vec<(Way, Desk)>;

#[derive(diesel::QueryableByName)]
struct Server {
    #[diesel(sql_type = Text)]
    address: String,
}

/// The mail server's address is a row, as a module's start is a plain function.
fn start(starting: &mut Starting<'_>) -> Result<Share, StartFailure> {
    let query = diesel::sql_query("SELECT address FROM mail_servers");
    let Server { address } = query.get_result(starting.connection)?;
    let url = starting.config.database_url.as_ref().ok_or("orders need a database")?;
    let mut desks = Desks::new();
    for way in [Way::Inline, Way::Spawned, Way::Queued] {
        desks.push((way, Desk::open(way, url, address.parse()?, None)?));
    }
    let desks = web::Data::new(desks);
    Ok(Arc::new(move |config| {
        config.app_data(desks.clone());
    }))
}

/// The first argument of a handler, so that its span begins where the others are read.
struct Extraction(Option<OpenSpan>);

impl FromRequest for Extraction {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(begin("extraction"))))
    }
}

/// What is ordered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// 1 to 40 characters.
    sku: String,
}

fn sku(text: String) -> Result<String, Rejection> {
    let length = || Rejection::new("length", "An item is named by 1 to 40 characters.");
    if text.is_empty() {
        return Err(length());
    }
    bounded_text(text, (40, 160), breaks_line, length)
}

/// Order something, and get a mail about it
#[utoipa::path(tag = "orders", params(("way" = String, Path)), request_body = Wanted,
    responses((status = 201, body = Order), WriteProblems))]
#[post("/api/v1/mailed-orders/{way}")]
async fn place(
    extraction: Extraction,
    user: CurrentUser,
    Path(way): Path<String>,
    Json(wanted): Json<Wanted>,
    desks: web::Data<Desks>,
) -> Result<HttpResponse, Problem> {
    let _handler = extraction.0.map(|span| span.then("handler"));
    let sku = sku(wanted.sku).map_err(|refused| Problem::invalid(vec![refused.in_body("/sku")]))?;
    let desk = desks.iter().find(|(of, _)| of.word() == way);
    let (_, desk) = desk.ok_or_else(|| Problem::not_found("way to be mailed"))?;
    let new = NewOrder { customer: user.id().number(), sku };
    Ok(HttpResponse::Created().json(desk.take(new).await?))
}
