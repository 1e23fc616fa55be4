//! The routes: extract, validate, call, respond.

pub(crate) mod callbacks;
pub(crate) mod carts;
pub(crate) mod orders;
pub(crate) mod products;

use std::future::{Ready, ready};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Uri;
use actix_web::http::header::LINK;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, web};
use error_handling::{Cause, Problem};
use foundation::database::Database;
use foundation::paging::Page;

use crate::model::Sku;
use crate::state::Shop;

/// What every route needs.
pub(crate) struct Counter {
    pub(crate) database: web::Data<Database>,
    pub(crate) shop: web::Data<Shop>,
}

impl FromRequest for Counter {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (database, shop) = (request.app_data().cloned(), request.app_data().cloned());
        let counter = database.zip(shop).map(|(database, shop)| Self { database, shop });
        ready(counter.ok_or_else(|| Problem::internal(Cause::new("the shop was not started"))))
    }
}

/// [`auth::guard`] with the limit of the shop.
///
/// # Errors
/// As [`auth::guard`].
pub(crate) async fn guard<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    auth::guard::<Shop, B>(request, next).await
}

/// The product of an address; 404 for a text that no product can have for a name, which spares the
/// look.
fn sku(segment: &str) -> Result<Sku, Problem> {
    Sku::parse(segment).map_err(|_| missing())
}

fn missing() -> Problem {
    Problem::not_found("product")
}

/// A response with the link to the next page, where there is one.
fn linked<T>(page: &Page<T>, uri: &Uri) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    if let Some(link) = page.link(uri) {
        response.insert_header((LINK, link));
    }
    response
}
