//! The catalogue: import, search, prices.

use actix_web::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, LINK, LOCATION, VARY};
use actix_web::http::{StatusCode, Uri};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, get, post, put, web};
use auth::{CurrentUser, Unauthenticated};
use diesel::Connection;
use error_handling::{
    Cause, Json, Path, Problem, ProblemType, Query, RawBody, ReadProblems, WriteProblems,
};
use foundation::database::Database;
use foundation::paging::Page;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::unless_known;
use crate::import::{MOST_BYTES, Report};
use crate::imports;
use crate::model::{ImportId, Price, Slug};
use crate::outbox::{self, Event};
use crate::search::{self, Found, SearchParameters};
use crate::{job, pages};

/// Import a CMS export
///
/// A CSV of at most 8 MiB and 50 000 rows. It is imported in the background; the same file twice
/// changes nothing. `curl -H "authorization: Bearer $TOKEN" -H 'content-type: text/csv'
/// --data-binary @export.csv localhost:8080/api/v1/catalogue/imports`
#[utoipa::path(
    tag = "catalogue",
    operation_id = "import_catalogue",
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 202, description = "It waits for its turn", headers(
            ("location" = String, description = "Where its report will be"),
        )),
        Unauthenticated, WriteProblems,
    ),
)]
#[post("/api/v1/catalogue/imports")]
pub(crate) async fn import(
    user: CurrentUser,
    request: HttpRequest,
    database: web::Data<Database>,
    RawBody(csv): RawBody<MOST_BYTES>,
) -> Result<HttpResponse, Problem> {
    if !request.content_type().eq_ignore_ascii_case("text/csv") {
        let detail = "Send the export as text/csv.";
        return Err(Problem::new(ProblemType::UnsupportedMediaType, detail));
    }
    let owner = user.id();
    // The export and the job that imports it: both are there or neither.
    let accept = move |connection: &mut diesel::PgConnection| {
        connection.transaction(|connection| {
            let id = imports::accept(connection, owner, &csv)?;
            job::enqueue(connection, id)?;
            Ok::<_, Problem>(id)
        })
    };
    let id = database.run_write(accept).await?;
    let location = format!("/api/v1/catalogue/imports/{id}");
    Ok(HttpResponse::Accepted().insert_header((LOCATION, location)).finish())
}

/// The report of one of your imports
///
/// `curl -H "authorization: Bearer $TOKEN" localhost:8080/api/v1/catalogue/imports/3`
#[utoipa::path(
    tag = "catalogue",
    operation_id = "get_catalogue_import",
    params(("id" = i64, Path, example = 3)),
    responses(
        (status = 200, body = Report),
        (status = 202, description = "Not done yet"),
        Unauthenticated, ReadProblems,
    ),
)]
#[get("/api/v1/catalogue/imports/{id}")]
pub(crate) async fn report(
    user: CurrentUser,
    database: web::Data<Database>,
    Path(id): Path<ImportId>,
) -> Result<HttpResponse, Problem> {
    let read = move |connection: &mut _| imports::report(connection, user.id(), id);
    let report = database.run(read).await?.ok_or_else(|| Problem::not_found("import"))?;
    Ok(match report {
        Some(report) => HttpResponse::Ok().json(report),
        None => HttpResponse::Accepted().insert_header(("retry-after", "1")).finish(),
    })
}

/// Search the catalogue, cheapest first
///
/// `curl 'localhost:8080/api/v1/catalogue?category=garden&max_price=5000&q=steel+spade'`
#[utoipa::path(
    tag = "catalogue",
    operation_id = "search_catalogue",
    params(SearchParameters, ("If-None-Match" = Option<String>, Header,
        description = "The ETag of a result that you have: 304 if it is still the same.")),
    responses(
        (status = 200, body = [Found], headers(
            ("etag" = String, description = "Weak; changes with every page of the result"),
            ("link" = String, description = "What follows, `rel=\"next\"`; absent at the end"),
        )),
        (status = 304, description = "Not changed"),
        ReadProblems,
    ),
)]
#[get("/api/v1/catalogue")]
pub(crate) async fn find(
    request: HttpRequest,
    database: web::Data<Database>,
    uri: Uri,
    Query(parameters): Query<SearchParameters>,
) -> Result<HttpResponse, Problem> {
    let search = parameters.parse()?;
    let limit = search.limit;
    let rows = database.run(move |connection| search::page(connection, &search)).await?;
    let page = Page::from_rows(rows, limit, Found::position)?;
    let body = serde_json::to_string(&page.items)
        .map_err(|_| Problem::internal(Cause::new("result could not be written")))?;
    Ok(unless_known(&request, body, |response| {
        if let Some(link) = page.link(&uri) {
            response.insert_header((LINK, link));
        }
        response
            .insert_header((CACHE_CONTROL, "public, no-cache"))
            .insert_header((VARY, ACCEPT_ENCODING.as_str()))
            .content_type("application/json")
    }))
}

/// A price as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCataloguePrice)]
pub(crate) struct NewPrice {
    /// In cents.
    #[schema(minimum = 0, maximum = 100_000_000, example = 2495)]
    price_cents: i64,
}

/// What a price change left.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CataloguePriceChange)]
pub(crate) struct PriceChange {
    /// The event that partners get; none when the price was this one already.
    event_id: Option<String>,
}

/// Change the price of one of your pages
///
/// Your partners are told, once this is committed. `curl -X PUT -H "authorization: Bearer $TOKEN" -H
/// 'content-type: application/json' -d '{"price_cents":2495}'
/// localhost:8080/api/v1/catalogue/pages/garden-spade/price`
#[utoipa::path(
    tag = "catalogue",
    operation_id = "set_catalogue_price",
    params(("slug" = String, Path, example = "garden-spade")),
    request_body = NewPrice,
    responses((status = 200, body = PriceChange), Unauthenticated, WriteProblems),
)]
#[put("/api/v1/catalogue/pages/{slug}/price")]
pub(crate) async fn set_price(
    user: CurrentUser,
    database: web::Data<Database>,
    Path(slug): Path<String>,
    Json(input): Json<NewPrice, 1_024>,
) -> Result<(web::Json<PriceChange>, StatusCode), Problem> {
    let slug = Slug::parse(&slug).map_err(|_| Problem::not_found("page"))?;
    let price = Price::from_cents(input.price_cents)
        .map_err(|why| Problem::invalid(vec![why.in_body("/price_cents")]))?;
    let write = move |connection: &mut diesel::PgConnection| {
        connection.transaction(|connection| {
            let changed = pages::set_price(connection, user.id(), &slug, price)?;
            let (entity, changed) = changed.ok_or_else(|| Problem::not_found("page"))?;
            if !changed {
                return Ok::<_, Problem>(None);
            }
            let data = json!({"slug": slug.as_str(), "price_cents": price.cents()});
            let event = Event { entity, kind: "page.price_changed", data };
            Ok(Some(outbox::record(connection, user.id(), &event)?))
        })
    };
    let event = database.run_write(write).await?;
    let event_id = event.map(|id| id.as_str().to_owned());
    Ok((web::Json(PriceChange { event_id }), StatusCode::OK))
}
