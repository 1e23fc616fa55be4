//! What somebody means to buy. A cart reserves nothing: most of them are never bought.

use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, delete, get, put, web};
use auth::{Caller, Unauthenticated};
use diesel::{Connection, PgConnection};
use error_handling::{Json, Path, Problem, ReadProblems, WriteProblems, constraint};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Counter, guard, missing, sku};
use crate::model::Line;
use crate::request::QuantityInput;
use crate::store::carts::{self, Put};

/// What is in the cart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShopCart)]
pub(crate) struct Cart {
    /// In order of sku.
    #[schema(value_type = Vec<CartLine>)]
    lines: Vec<Line>,
}

/// How many of what.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShopCartLine)]
#[allow(dead_code)] // For the description alone: `Line` is what is sent.
pub(crate) struct CartLine {
    /// Of what.
    #[schema(example = "red-shoe-42")]
    sku: String,
    /// How many.
    #[schema(example = 1)]
    quantity: i32,
}

/// Look into your cart
#[utoipa::path(
    tag = "shop",
    operation_id = "shop_get_cart",
    responses((status = 200, body = Cart), Unauthenticated, ReadProblems),
)]
#[get("/api/v1/shop/cart", wrap = "from_fn(guard)")]
pub(crate) async fn show(
    Caller(user): Caller,
    counter: Counter,
) -> Result<web::Json<Cart>, Problem> {
    let lines = counter.database.run(move |connection| carts::lines(connection, user)).await?;
    Ok(web::Json(Cart { lines }))
}

/// Set how many of a product are in your cart
///
/// `curl -X PUT -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d
/// '{"quantity":2}' localhost:8080/api/v1/shop/cart/red-shoe-42`
#[utoipa::path(
    tag = "shop",
    operation_id = "shop_put_cart_line",
    params(("sku" = String, Path, example = "red-shoe-42")),
    request_body = QuantityInput,
    responses((status = 204, description = "So it is"), Unauthenticated, WriteProblems),
)]
#[put("/api/v1/shop/cart/{sku}", wrap = "from_fn(guard)")]
pub(crate) async fn replace(
    Caller(user): Caller,
    counter: Counter,
    Path(segment): Path<String>,
    Json(input): Json<QuantityInput, 1_024>,
) -> Result<HttpResponse, Problem> {
    let (sku, quantity) = (sku(&segment)?, input.parse()?);
    let put = move |connection: &mut PgConnection| {
        let Some(quantity) = quantity else {
            return Ok(carts::remove(connection, user, &sku).map(|()| Put::Done)?);
        };
        let line = Line { sku, quantity };
        let put = connection.transaction(|connection| carts::put(connection, user, &line));
        put.map_err(|error| match constraint(&error) {
            Some("shop_carts_product") => missing(),
            _ => Problem::from(error),
        })
    };
    match counter.database.run_write(put).await? {
        Put::Done => Ok(HttpResponse::NoContent().finish()),
        Put::Full => Err(Problem::full("A cart holds 50 products, which is the most.")),
    }
}

/// Empty your cart
#[utoipa::path(
    tag = "shop",
    operation_id = "shop_delete_cart",
    responses((status = 204, description = "It is empty"), Unauthenticated, WriteProblems),
)]
#[delete("/api/v1/shop/cart", wrap = "from_fn(guard)")]
pub(crate) async fn empty(Caller(user): Caller, counter: Counter) -> Result<HttpResponse, Problem> {
    counter.database.run_write(move |connection| carts::take(connection, user)).await?;
    Ok(HttpResponse::NoContent().finish())
}
