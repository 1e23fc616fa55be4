//! What visitors and crawlers see: pages, the sitemap, and where old addresses lead.

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::http::{StatusCode, Uri};
use actix_web::{HttpRequest, HttpResponse, get, web};
use error_handling::{Path, Problem, ReadProblems};
use foundation::database::Database;

use super::unless_known;
use crate::model::{LegacyAddress, Slug};
use crate::{html, pages};
use foundation::http::BaseUrl;

/// A page of the catalogue, for people
///
/// `curl localhost:8080/catalogue/garden-spade`
#[utoipa::path(
    tag = "catalogue site",
    operation_id = "catalogue_page",
    params(("slug" = String, Path, example = "garden-spade")),
    responses((status = 200, content_type = "text/html", body = String), ReadProblems),
)]
#[get("/catalogue/{slug}")]
pub(crate) async fn page(
    database: web::Data<Database>,
    base: BaseUrl,
    request: HttpRequest,
    Path(slug): Path<String>,
) -> Result<HttpResponse, Problem> {
    let not_found = || Problem::not_found("page");
    let slug = Slug::parse(&slug).map_err(|_| not_found())?;
    let page = database.run(move |connection| pages::find(connection, &slug)).await?;
    let page = page.ok_or_else(not_found)?;
    let body = html::page(&page, &base).into_string();
    Ok(unless_known(&request, body, |response| response.content_type("text/html; charset=utf-8")))
}

/// Every live page, for crawlers
///
/// `curl localhost:8080/catalogue/sitemap.xml`
#[utoipa::path(
    tag = "catalogue site",
    operation_id = "catalogue_sitemap",
    responses((status = 200, content_type = "application/xml", body = String), ReadProblems),
)]
#[get("/catalogue/sitemap.xml")]
pub(crate) async fn sitemap(
    database: web::Data<Database>,
    base: BaseUrl,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let live = database.run_long(pages::live).await?;
    let body = html::sitemap(&live, &base).into_string();
    Ok(unless_known(&request, body, |response| response.content_type("application/xml")))
}

/// An address of the old site: permanently where its page is now
///
/// 301, which every client since HTTP/1.0 knows; 308 would keep the method, and pages are only read.
/// `curl -i 'localhost:8080/cms/item.php?id=17'`
#[utoipa::path(
    tag = "catalogue site",
    operation_id = "legacy_address",
    params(("tail" = String, Path, example = "item.php")),
    responses(
        (status = 301, description = "The page", headers(("location" = String))),
        ReadProblems,
    ),
)]
#[get("/cms/{tail:.*}")]
pub(crate) async fn legacy(
    database: web::Data<Database>,
    uri: Uri,
) -> Result<HttpResponse, Problem> {
    let not_found = || Problem::not_found("page");
    let asked = uri.path_and_query().map_or(uri.path(), |asked| asked.as_str());
    let address = LegacyAddress::parse(asked).map_err(|_| not_found())?;
    let slug = database.run(move |connection| pages::successor(connection, &address)).await?;
    let path = pages::path(&slug.ok_or_else(not_found)?);
    Ok(HttpResponse::build(StatusCode::MOVED_PERMANENTLY)
        .insert_header((LOCATION, path))
        // A day: for ever is what browsers make of it otherwise, also of a mistake.
        .insert_header((CACHE_CONTROL, "public, max-age=86400"))
        .finish())
}
