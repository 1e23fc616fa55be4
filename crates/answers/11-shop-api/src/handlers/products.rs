//! What is for sale. Everybody may look; nobody's look reaches the row that orders wait for.

use actix_web::http::Uri;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::{HttpResponse, get};
use error_handling::{Path, Problem, Query, ReadProblems};
use foundation::paging::{Page, PageParameters};
use foundation::precondition::{IfNoneMatch, digest_tag};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Counter, linked, missing, sku};
use crate::model::Sku;
use crate::store::products::Summary;
use crate::switches::Switch;

/// Everybody may keep it, and asks each time whether it is still the same.
const SHARED: &str = "public, no-cache";

/// The page of a product.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShopProduct)]
pub(crate) struct ProductPage {
    /// What it is called in orders.
    #[schema(example = "red-shoe-42")]
    sku: String,
    /// What one costs.
    #[schema(example = 4_990)]
    price_cents: i64,
    /// What the merchant says about it; its members differ from product to product.
    #[schema(value_type = Object)]
    document: serde_json::Value,
    /// How many there were, a second ago at the most; absent while the shop is too busy to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<i64>,
    /// What else might please; absent while the shop is too busy to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    related: Option<Vec<String>>,
}

/// List what is on sale, in order of sku
///
/// `curl 'localhost:8080/api/v1/shop/products?limit=20'`
#[utoipa::path(
    tag = "shop",
    operation_id = "shop_list_products",
    params(PageParameters),
    responses((status = 200, body = [Summary], headers(
        ("link" = String, description = "The next page, `rel=\"next\"`; absent on the last"),
    )), ReadProblems),
)]
#[get("/api/v1/shop/products")]
pub(crate) async fn list(
    counter: Counter,
    uri: Uri,
    Query(parameters): Query<PageParameters>,
) -> Result<HttpResponse, Problem> {
    let (after, limit) = parameters.parse::<Sku>()?;
    let is_front = parameters.is_front();
    let (shop, rows) = (&counter.shop, limit.rows_to_fetch());
    let rows = shop.on_sale(&counter.database, after, rows, is_front).await?;
    let page = Page::from_rows(rows, limit, |product| product.sku.clone())?;
    let mut response = linked(&page, &uri);
    Ok(response.insert_header((CACHE_CONTROL, SHARED)).json(page.items))
}

/// Look at a product
///
/// `curl -i localhost:8080/api/v1/shop/products/red-shoe-42`
#[utoipa::path(
    tag = "shop",
    operation_id = "shop_get_product",
    params(("sku" = String, Path, example = "red-shoe-42"),
        ("If-None-Match" = Option<String>, Header,
        description = "The ETag of a page that you have: 304 if it is still the same.")),
    responses(
        (status = 200, body = ProductPage, headers(
            ("etag" = String, description = "Weak; changes with the stock, too"),
        )),
        (status = 304, description = "Not changed"),
        ReadProblems,
    ),
)]
#[get("/api/v1/shop/products/{sku}")]
pub(crate) async fn show(
    Counter { database, shop }: Counter,
    known: IfNoneMatch,
    Path(segment): Path<String>,
) -> Result<HttpResponse, Problem> {
    let sku = sku(&segment)?;
    let product = shop.product(&database, &sku).await?.ok_or_else(missing)?;
    let available = match shop.switches.is_on(Switch::LiveStock, &database).await {
        true => Some(shop.pieces(&database, &sku).await?.unwrap_or_default()),
        false => None,
    };
    let related = match shop.switches.is_on(Switch::Recommendations, &database).await {
        true => Some(shop.related(&database, &product).await?),
        false => None,
    };
    let (price_cents, document) = (product.price_cents.get(), product.document);
    let page = ProductPage { sku: segment, price_cents, document, available, related };
    let tag = digest_tag(&serde_json::to_vec(&page).unwrap_or_default());
    let unchanged = known.has(&tag);
    let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, SHARED));
    Ok(if unchanged { response.finish() } else { response.json(page) })
}
